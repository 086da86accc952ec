import { start } from "@/app/start";
import { HttpPlatform } from "@/platform/http";

start(new HttpPlatform());

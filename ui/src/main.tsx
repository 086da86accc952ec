import { start } from "@/app/start";
import { HttpBackend } from "@/backend/http";

start(new HttpBackend());

import { Route, Routes } from "react-router";

import { NotFound } from "@/app/NotFound";

import { EditRule } from "./EditRule";
import { NewRule } from "./NewRule";
import { RuleDetail } from "./RuleDetail";
import { RuleList } from "./RuleList";

export default function RulesPage() {
  return (
    <Routes>
      <Route index element={<RuleList />} />
      <Route path="new" element={<NewRule />} />
      <Route path=":ruleId" element={<RuleDetail />} />
      <Route path=":ruleId/edit" element={<EditRule />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}

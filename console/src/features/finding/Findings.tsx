import { Page } from "../../ui/Page";

export function Findings() {
  return <Page title="Findings"><p>soon</p></Page>;
}

import { Page } from "../../ui/Page";

export function Results() {
  return <Page title="Results"><p>soon</p></Page>;
}

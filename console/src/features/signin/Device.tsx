import { Page } from "../../ui/Page";

export function Device() {
  return <Page title="Device"><p>soon</p></Page>;
}

import { Page } from "../../ui/Page";

export function System() {
  return <Page title="System"><p>soon</p></Page>;
}

import { Page } from "../../ui/Page";

export function Systems() {
  return <Page title="Systems"><p>soon</p></Page>;
}

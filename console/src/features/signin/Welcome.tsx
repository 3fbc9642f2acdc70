import { Page } from "../../ui/Page";

export function Welcome() {
  return <Page title="Welcome"><p>soon</p></Page>;
}

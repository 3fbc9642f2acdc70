import { Link } from "@tanstack/react-router";
import { IconLock } from "@tabler/icons-react";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";

// Denied is what whoever may not add a system sees in place of the way to it.
export function Denied() {
  return (
    <Page title="Which system should Writ read?" trail={[{ label: "Systems", to: "/systems" }]}>
      <Panel>
        <Blank sign={IconLock} title="This is not for your function" text="Systems are added by IAM and by platform owners. Ask one of them; what is read already you find in the list." actions={<Link to="/systems">All systems</Link>} />
      </Panel>
    </Page>
  );
}

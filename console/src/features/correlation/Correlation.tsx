import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { said } from "../access/words";
import { useMe } from "../signin/me";
import { AddRule, ChangeMode, RemoveRule } from "./Change";
import css from "./correlation.module.css";
import { Effect } from "./Effect";

export type Rule = ItemOf<"list-correlation-rules">;

const manual = "/manual/how-to/correlation";

// Correlation answers by which rules of the organisation's own accounts are linked, and
// what each would do.
export function Correlation() {
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const rules = useQuery({ queryKey: ["correlation"], queryFn: () => ask(api.GET("/v1/correlation/rules")) });
  const may = { allowed: (me.data?.may ?? []).includes("correlation.change"), why: "IAM keeps these rules" };
  return (
    <Page
      title="By which rules are accounts linked to people?"
      lead={<>Writ’s own rules go by number, email, login and name, in <a href={manual} target="_blank" rel="noreferrer">this order</a>. Yours stand before the name: for logins that only your organisation makes. A new one observes, and links nothing until you enforce it.</>}
      actions={!rules.error && <MayButton may={may} leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>Add a rule</MayButton>}
    >
      {rules.data && (rules.data.items ?? []).length > 0 ? (
        <div className={ui.column}>{(rules.data.items ?? []).map((r) => <One key={r.name} of={r} may={may} />)}</div>
      ) : (
        <Panel>
          <Answer to={rules} lines={4}>
            {() => <Blank title="There is no rule of your own" text="Writ’s own rules decide. Where accounts are called as only you know, such as c_e91 for employee E91, a rule of yours can say whose they are." actions={may.allowed && <Button onClick={() => setAdding(true)}>Add a rule</Button>} />}
          </Answer>
        </Panel>
      )}
      {adding && <AddRule onClose={() => setAdding(false)} />}
    </Page>
  );
}

type Open = "mode" | "remove" | undefined;

function One({ of, may }: { of: Rule; may: { allowed: boolean; why: string } }) {
  const [open, setOpen] = useState<Open>();
  const enforced = of.mode === "enforce";
  const close = () => setOpen(undefined);
  return (
    <Panel title={of.name} note={<Mark tone={enforced ? "good" : "calm"}>{enforced ? "Enforced: it links accounts" : "Observes: it links nothing"}</Mark>}>
      <div className={css.rule}>
        <code className={css.expression}>{of.expression}</code>
        <div className={css.facts}><span>Gives the {said(of.by).toLowerCase()} of whose it is</span><span>is {count(of.score)} % sure</span></div>
        <Effect of={of} />
        <div className={css.buttons}>
          <MayButton may={may} variant={enforced ? "default" : "filled"} size="xs" onClick={() => setOpen("mode")}>{enforced ? "Only observe" : "Enforce it"}</MayButton>
          <MayButton may={may} variant="default" size="xs" onClick={() => setOpen("remove")}>Remove it</MayButton>
        </div>
      </div>
      {open === "mode" && <ChangeMode of={of} onClose={close} />}
      {open === "remove" && <RemoveRule of={of} onClose={close} />}
    </Panel>
  );
}

import { Button } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, askWithTag } from "../../client/client";
import { Panel, Facts } from "../../ui/Panel";
import { said } from "../access/words";
import { MayButton } from "../access/MayButton";
import css from "./flow.module.css";
import type { StepProps } from "./Setup";
import { useAct } from "./system";
import { Wrong } from "./Wrong";

// Activate is the end of a draft: from here on the system is read.
export function Activate({ of: { data: s, tag } }: StepProps) {
  const go = useNavigate();
  const activate = useAct<void>(
    s.id, (_given, seen) => askWithTag(api.POST("/v1/systems/{id}/activate", { params: { path: { id: s.id }, header: { "If-Match": seen } } })),
    () => void go({ to: "/systems/$id", params: { id: s.id } }),
  );
  const last = (kind: string) => (s.runs ?? []).find((r) => r.kind === kind)?.state;
  const tried = (kind: string, step: string) => {
    const state = last(kind);
    if (state === "done") return "worked";
    return <>{state ? said(state) : "not made yet"} <Link to="/systems/$id/setup" params={{ id: s.id }} search={{ step } as never}>make it</Link></>;
  };
  const owners = [s.business_owner?.name, s.technical_owner?.name].filter(Boolean).join(", ");
  return (
    <Panel>
      <div className={css.column}>
        <Facts items={[
          ["Address", <code key="a">{s.address}</code>],
          ["Answer for it", owners || <Link key="o" to="/systems/$id/setup" params={{ id: s.id }} search={{ step: "who" } as never}>nobody yet: name somebody</Link>],
          ["Test", tried("test", "test")], ["Dry run", tried("dry_run", "dry-run")],
          ["Is read", `every ${s.every}${s.hours ? `, ${s.hours}` : ""}`],
        ]}
        />
        <Wrong error={activate.error} />
        <div className={css.foot}>
          <MayButton may={owners ? s.may["system.add"] : { allowed: false, why: "somebody has to answer for it first" }} loading={activate.isPending} onClick={() => activate.mutate({ given: undefined, tag })}>Activate {s.name}</MayButton>
          <Button component={Link} variant="default" to={`/systems/${s.id}`}>Leave it a draft</Button>
        </div>
      </div>
    </Panel>
  );
}

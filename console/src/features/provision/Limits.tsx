import { Alert, Button, Group, Modal, NumberInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Facts, Panel } from "../../ui/Panel";
import { MayButton } from "../access/MayButton";
import { useMe } from "../signin/me";
import css from "./provision.module.css";

type Numbers = AnswerOf<"show-provisioning-limits">;

interface LimitsProps {
  system: string;
  name: string;
}

// Limits are what a system takes at a time, and what is held for somebody to look at.
export function Limits({ system, name }: LimitsProps) {
  const me = useMe();
  const [changing, setChanging] = useState(false);
  const limits = useQuery({ queryKey: ["provisioning", "limits", system], queryFn: () => ask(api.GET("/v1/systems/{id}/provisioning", { params: { path: { id: system } } })) });
  if (limits.error && asProblem(limits.error).denied) return null;
  const may = { allowed: (me.data?.may ?? []).includes("provisioning.limit"), why: "IAM sets what is held" };
  return (
    <Panel title="What may be written at a time" note={<MayButton may={may} variant="default" size="compact-sm" onClick={() => setChanging(true)}>Change</MayButton>}>
      <Answer to={limits} lines={3}>
        {(l) => (
          <>
            <Facts items={[
              ["Is held", `what takes away more than ${count(l.count)} times within an hour, and from more than ${percent(l.share)} % of its accounts`],
              ["At once", `${count(l.at_once)} operations, ${count(l.per_minute)} a minute`],
              ["Written so far", <Link key="w" to="/provisioning/operations" search={{ system } as never}>its operations</Link>],
            ]}
            />
            {changing && <Change of={l} system={system} name={name} onClose={() => setChanging(false)} />}
          </>
        )}
      </Answer>
    </Panel>
  );
}

function percent(share: number): string {
  return (100 * share).toLocaleString("en-GB", { maximumFractionDigits: 1 });
}

function Change({ of, system, name, onClose }: LimitsProps & { of: Numbers; onClose: () => void }) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState({ ...of, share: Math.round(1000 * of.share) / 10 });
  const change = useMutation({
    mutationFn: () => ask(api.PUT("/v1/systems/{id}/provisioning", { params: { path: { id: system } }, body: { ...typed, share: typed.share / 100 } })),
    onSuccess: async () => { await queries.invalidateQueries({ queryKey: ["provisioning", "limits", system] }); onClose(); },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    change.mutate();
  };
  const field = (key: "count" | "share" | "at_once" | "per_minute", label: string, min: number, max: number) => (
    <NumberInput label={label} required min={min} max={max} decimalScale={key === "share" ? 1 : 0} value={typed[key]} onChange={(v) => setTyped((t) => ({ ...t, [key]: Number(v) }))} />
  );
  return (
    <Modal opened onClose={onClose} title={`What may be written to ${name} at a time`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>A run is held where, within an hour, more would be taken away than both of these numbers. Held runs wait for somebody else than who caused them.</p>
        <div className={css.pair}>
          {field("count", "Held above this many operations", 0, 1_000_000)}
          {field("share", "and above this share of accounts, in percent", 0, 100)}
          {field("at_once", "Operations at once", 1, 64)}
          {field("per_minute", "Operations a minute", 1, 100_000)}
        </div>
        {change.error && <Alert color="red" variant="light" role="alert">{asProblem(change.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>Save</Button>
        </Group>
      </form>
    </Modal>
  );
}

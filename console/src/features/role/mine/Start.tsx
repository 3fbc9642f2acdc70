import { Button, MultiSelect, NumberInput, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { IconPick } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../../client/client";
import type { AnswerOf } from "../../../client/types";
import { clearButton } from "../../../ui/clear";
import { count } from "../../../ui/Figures";
import { Panel } from "../../../ui/Panel";
import { MayButton } from "../../access/MayButton";
import { useMe } from "../../signin/me";
import css from "./mine.module.css";
import { Wrong } from "../Wrong";

const times = [{ value: "10", label: "10 seconds" }, { value: "60", label: "A minute" }, { value: "300", label: "5 minutes" }, { value: "600", label: "10 minutes" }];

// Start asks what is to be mined, and what for. What is rarely changed is folded away.
export function Start({ of }: { of?: AnswerOf<"list-role-mining"> }) {
  const me = useMe();
  const go = useNavigate();
  const queries = useQueryClient();
  const [systems, setSystems] = useState<string[]>([]);
  const [scope, setScope] = useState<string | null>(null);
  const [unit, setUnit] = useState("");
  const [objective, setObjective] = useState<"roles" | "edges">("roles");
  const [seconds, setSeconds] = useState("60");
  const [wrong, setWrong] = useState<number | string>(0);
  const [seed, setSeed] = useState<number | string>(1);
  const [stability, setStability] = useState<number | string>(0);
  const people = (me.data?.may ?? []).includes("identity.read");
  const all = useQuery({ queryKey: ["systems", "names"], queryFn: () => ask(api.GET("/v1/systems", { params: { query: { limit: 500 } } })) });
  const scopes = useQuery({ queryKey: ["scopes"], queryFn: () => ask(api.GET("/v1/scopes")), retry: false });
  const start = useMutation({
    mutationFn: () => ask(api.POST("/v1/role-mining", {
      body: {
        systems: systems.length > 0 ? systems : undefined, scope: scope ?? undefined, unit: unit.trim() || undefined, objective, seconds: Number(seconds),
        error: Number(wrong) / 100, seed: Number(seed) || 1, stability: Number(stability) || 0,
      },
    })),
    onSuccess: async (run) => {
      await queries.invalidateQueries({ queryKey: ["mining"] });
      void go({ to: "/roles/mining/$run", params: { run: run.id } });
    },
  });
  const submit = (e: FormEvent) => { e.preventDefault(); if (may?.allowed) start.mutate(); };
  const may = of?.may["mining.run"];
  return (
    <Panel title="Mine for roles">
      <form className={css.form} onSubmit={submit} aria-label="Mine for roles">
        <MultiSelect
          label="Systems" placeholder={systems.length === 0 ? "All that you may read" : undefined} searchable clearable data={(all.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))}
          value={systems} onChange={setSystems} clearButtonProps={clearButton("Systems")} nothingFoundMessage="No system is called so"
        />
        {(scopes.data?.items ?? []).length > 0 && <Select label="Within a scope" placeholder="Any" clearable data={(scopes.data?.items ?? []).map((s) => ({ value: s.id, label: s.name }))} value={scope} onChange={setScope} clearButtonProps={clearButton("Within a scope")} />}
        {people && <TextInput label="Only people of one unit" placeholder="Everybody" maxLength={200} value={unit} onChange={(e) => setUnit(e.currentTarget.value)} />}
        <fieldset className={css.choice}>
          <legend>Look for</legend>
          <SegmentedControl fullWidth aria-label="Look for" value={objective} onChange={(v) => setObjective(v as "roles" | "edges")} data={[{ value: "roles", label: "The fewest roles" }, { value: "edges", label: "The simplest" }]} />
          <p className="quiet">{objective === "roles" ? "As few as there can be, and among those the simplest." : "The fewest lines between people, roles and entitlements, with any number of roles."}</p>
        </fieldset>
        <NumberInput label="What may be wrong" description="A share of the assignments. With 0 everybody keeps exactly what they have; some lets roles show through mistakes." suffix=" %" min={0} max={50} decimalScale={1} value={wrong} onChange={setWrong} />
        <Select label="Time to look" data={times} value={seconds} onChange={(v) => setSeconds(v ?? "60")} allowDeselect={false} />
        <details className={css.more}>
          <summary>More</summary>
          <NumberInput label="Seed" description="Another one may find something else where several things are equally good." min={1} max={999_999_999} allowDecimal={false} value={seed} onChange={setSeed} />
          <NumberInput label="Repeat, slightly changed" description="Says how stable the roles are; takes half of the time." min={0} max={10} allowDecimal={false} value={stability} onChange={setStability} />
        </details>
        <Wrong error={start.error} />
        {may?.allowed === false ? <MayButton may={may} onClick={() => undefined}>Mine</MayButton> : <Button type="submit" leftSection={<IconPick size={16} />} loading={start.isPending}>Mine</Button>}
        {of && <p className="quiet">One run at a time; up to {count(of.limits.pairs)} assignments.</p>}
      </form>
    </Panel>
  );
}

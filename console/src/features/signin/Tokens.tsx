import { Alert, Button, Group, Modal, SegmentedControl, TagsInput, TextInput, MultiSelect } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useMe } from "./me";
import css from "./settings.module.css";
import { Shown } from "./Shown";
import { actionName, groupNames, groups, placeOf } from "./token";

type Token = ItemOf<"list-tokens">;

// Tokens are what scripts show in somebody's name: what each may do, from where and
// until when.
export function Tokens() {
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [text, setText] = useState("");
  const list = useQuery({ queryKey: ["tokens"], queryFn: () => ask(api.GET("/v1/tokens")) });
  const revoke = useMutation({
    mutationFn: (id: string) => ask(api.DELETE("/v1/tokens/{id}", { params: { path: { id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <Panel title="Tokens for scripts" note="they act as you, within limits, and end by themselves" flush>
      <Answer to={list} lines={2}>
        {(d) => ((d.items ?? []).length === 0
          ? <Blank sign={IconKey} title="You have no token" text="A script that calls the API shows one. Programs that you run yourself sign in with writ login instead." />
          : <Rows items={(d.items ?? []).map((t) => row(t, revoke.isPending && revoke.variables === t.id, () => revoke.mutate(t.id)))} />)}
      </Answer>
      <div className={css.foot}>
        {revoke.error && <Alert color="red" variant="light" role="alert">{asProblem(revoke.error).message}</Alert>}
        <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>Make a token</Button>
      </div>
      {making && <Make onClose={() => setMaking(false)} onMade={(made) => { setMaking(false); setText(made); void queries.invalidateQueries({ queryKey: ["tokens"] }); }} />}
      {text && <Shown text={text} onClose={() => setText("")} />}
    </Panel>
  );
}

function row(t: Token, busy: boolean, onRevoke: () => void) {
  const over = Boolean(t.ended) || new Date(t.ends) < new Date();
  return {
    key: t.id, start: <IconKey size={18} stroke={1.6} aria-hidden />,
    title: <>{t.name} {t.ended ? <Mark tone="none">Revoked</Mark> : over && <Mark tone="none">Ended</Mark>}</>,
    note: (
      <>
        may {(t.limits ?? []).map(actionName).join(", ").toLowerCase()}, from {(t.networks ?? []).join(", ")}{t.key && ", bound to a key"}.
        {" "}{t.ended ? <>Revoked <Time at={t.ended} />.</> : <>Ends <Time at={t.ends} />, used <Time at={t.used} />.</>}
      </>
    ),
    end: !over && <Button variant="subtle" size="xs" color="red" loading={busy} onClick={onRevoke} aria-label={`Revoke ${t.name}`}>Revoke</Button>,
  };
}

const terms = [{ value: "1", label: "A day" }, { value: "7", label: "A week" }, { value: "30", label: "30 days" }, { value: "90", label: "90 days" }];

// Make begins with the least: reading, for a month, from the address that is used now.
function Make({ onClose, onMade }: { onClose: () => void; onMade: (text: string) => void }) {
  const me = useMe();
  const here = useQuery({ queryKey: ["signins"], queryFn: () => ask(api.GET("/v1/signins")) });
  const address = (here.data?.items ?? []).find((s) => s.current)?.address;
  const [name, setName] = useState("");
  const [limits, setLimits] = useState<string[]>(["read"]);
  const [days, setDays] = useState("30");
  const [chosen, setChosen] = useState<string[]>();
  const networks = chosen ?? (address ? [placeOf(address)] : []);
  const make = useMutation({
    mutationFn: () => ask(api.POST("/v1/tokens", { body: { name: name.trim(), limits, days: Number(days), networks } })),
    onSuccess: (made) => onMade(made.text),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  const actions = (me.data?.may ?? []).map((a) => ({ value: a, label: actionName(a) }));
  const ends = new Date();
  ends.setDate(ends.getDate() + Number(days));
  return (
    <Modal opened onClose={onClose} title="Make a token for a script" size="lg">
      <form onSubmit={submit} className={css.stack}>
        <TextInput label="What is it for?" placeholder="Nightly report" required maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <MultiSelect
          label="What may it do?" description="Never more than you may. Tokens and sign-ins are beyond all of them." searchable required value={limits} onChange={setLimits}
          data={[{ group: "All of a sort", items: groups.map((g) => ({ value: g, label: groupNames[g]! })) }, { group: "One thing", items: actions }]} comboboxProps={{ shadow: "md" }} maxDropdownHeight={260}
        />
        <TagsInput label="From which networks?" description="Such as 10.1.0.0/16; Enter adds one. Anywhere else it is refused." required={networks.length === 0} value={networks} onChange={setChosen} />
        <div>
          <div className={css.label} id="token-days">For how long?</div>
          <SegmentedControl aria-labelledby="token-days" fullWidth data={terms} value={days} onChange={setDays} />
          <p className="quiet">It ends on {ends.toLocaleDateString("en-GB", { dateStyle: "long" })}, and at once where you revoke it or leave.</p>
        </div>
        {make.error && <Alert color="red" variant="light" role="alert">{asProblem(make.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={make.isPending}>Make it</Button>
        </Group>
      </form>
    </Modal>
  );
}

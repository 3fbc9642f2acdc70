import { Button, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { kindNames } from "../access/words";
import { lasting } from "../elevate/words";
import { Dialog } from "../vault/Dialog";
import { useAct, type Secret } from "../vault/vault";
import css from "./rotate.module.css";

type Shown = AnswerOf<"show-account-pair">;

// usePair is the pair of a secret; null is that it has none.
function usePair(id: string) {
  return useQuery({
    queryKey: ["rotations", "pair", id], refetchInterval: 30_000,
    queryFn: async (): Promise<Shown | null> => {
      try {
        return await ask(api.GET("/v1/secrets/{id}/pair", { params: { path: { id } } }));
      } catch (error) {
        if (asProblem(error).code === "account-pair-not-found") return null;
        throw error;
      }
    },
  });
}

// Pair is two accounts that take turns under one secret, so that no service stands still.
export function Pair({ of: x, onTold }: { of: Secret; onTold: (words: string) => void }) {
  const found = usePair(x.id);
  const [doing, setDoing] = useState<"set" | "end">();
  const may = x.state === "live" && x.account !== undefined && (x.may?.["secret.change"]?.allowed ?? false);
  const done = (words: string) => { setDoing(undefined); onTold(words); };
  const pair = found.data;
  if (!x.account) return null;
  return (
    <Panel title="Accounts that take turns" note={may && pair !== undefined && <Button variant="default" size="compact-sm" onClick={() => setDoing(pair ? "end" : "set")}>{pair ? "One account again" : "Add a second account"}</Button>}>
      <Answer to={found} lines={2}>{(p) => (p === null ? <p className="quiet">It opens one account alone: whoever uses it is told once that has another value. With a second account, the one in use is not touched until everybody has gone on to the other.</p> : <Turns of={p} />)}</Answer>
      {doing === "set" && <SetPair of={x} onClose={() => setDoing(undefined)} onDone={done} />}
      {doing === "end" && <EndPair of={x} onClose={() => setDoing(undefined)} onDone={done} />}
    </Panel>
  );
}

function Turns({ of: p }: { of: Shown }) {
  const idle = p.live === p.account ? p.other : p.account;
  return (
    <Facts items={[
      ["In use", <span key="live" className="within-text"><Named of={p.names[p.live]} withSystem={false} /> <Mark tone="good" bare>Live</Mark></span>],
      [p.former_until ? "Before" : "Idle", <span key="idle" className="within-text"><Named of={p.names[idle]} withSystem={false} />{p.former_until && <>, left as it is until <Time at={p.former_until} /> at most</>}</span>],
      ["Waits", `for all to confirm, ${lasting(p.grace_minutes)} at most`],
    ]}
    />
  );
}

interface ActProps {
  of: Secret;
  onClose: () => void;
  onDone: (words: string) => void;
}

function SetPair({ of: x, onClose, onDone }: ActProps) {
  const [other, setOther] = useState<string | null>(null);
  const [grace, setGrace] = useState("1440");
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const system = x.system ?? "";
  const accounts = useQuery({
    queryKey: ["accounts", { system, q: asked }], enabled: system !== "", placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/accounts", { params: { query: { system, q: asked || undefined, limit: 50 } } })),
  });
  const found = new Map((accounts.data?.items ?? []).filter((a) => a.kind !== "person" && a.id !== x.account && a.system.id === system).map((a) => [a.id, { name: a.login || a.native_id, note: kindNames[a.kind] ?? a.kind }]));
  const set = useAct(
    () => ask(api.PUT("/v1/secrets/{id}/pair", { params: { path: { id: x.id } }, body: { account: x.account ?? "", other: other ?? "", grace_minutes: Number(grace) } })),
    () => onDone(`Two accounts take turns under ${x.name}.`),
  );
  return (
    <Dialog title={`Which account takes turns under ${x.name}?`} does="Let them take turns" act={set} ready={other !== null} onClose={onClose}>
      <p>It has to be allowed what {x.names[x.account ?? ""] ?? "the other"} is. At each change the one that is not in use is given the new value, and everybody who uses it is told to go on to that.</p>
      <Select
        label="Account" searchable placeholder="Begin to type a login" data={[...found].map(([id, a]) => ({ value: id, label: a.name }))} filter={({ options }) => options} value={other} onSearchChange={setText} onChange={setOther}
        nothingFoundMessage={accounts.isFetching ? "Looking" : "No account of that name that is nobody's own"} renderOption={({ option }) => <span>{option.label} <span className="quiet">{found.get(option.value)?.note}</span></span>} data-autofocus
      />
      <Select label="How long is it waited for who has not confirmed?" allowDeselect={false} value={grace} onChange={(v) => v && setGrace(v)} data={[60, 240, 1440, 10_080, 43_200].map((m) => ({ value: String(m), label: lasting(m) }))} />
    </Dialog>
  );
}

function EndPair({ of: x, onClose, onDone }: ActProps) {
  const end = useAct(() => ask(api.DELETE("/v1/secrets/{id}/pair", { params: { path: { id: x.id } } })), () => onDone(`${x.name} opens one account again.`));
  return (
    <Dialog title={`Leave ${x.name} with one account`} does="One account again" act={end} onClose={onClose}>
      <p>It stays with the account that is in use now. <span className={css.error}>Nobody looks after the other one from then on.</span></p>
    </Dialog>
  );
}

import { Alert, Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer, Failed } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { useMe } from "../signin/me";
import { Denied } from "./Denied";
import { Flow } from "./Flow";
import css from "./flow.module.css";
import { Reach, type Where } from "./Reach";
import { useKinds, type Kind } from "./system";
import { choicesOf } from "./scopes";
import { nowhere, toldOf, whole } from "./where";

interface Typed extends Where {
  name: string;
  kind: string;
  scope: string;
}

const begun = "writ-new-system";

// recalled is what was typed before, without what is secret.
function recalled(): Typed {
  const empty = { ...nowhere, name: "", kind: "", scope: "" };
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(begun) ?? "{}") as Partial<Typed>, secret: "" };
  } catch {
    return empty;
  }
}

// Add begins the way of a system: what it is, and how it is reached. From then on it is
// a draft, which is kept.
export function Add() {
  const me = useMe();
  const kinds = useKinds();
  if (!(me.data?.may ?? []).includes("system.add")) return <Denied />;
  return (
    <Page title="Which system should Writ read?" trail={[{ label: "Systems", to: "/systems" }]} lead="It is kept as a draft until you activate it. You can stop at any step and go on later.">
      <Flow at={0} />
      <Panel title="What it is">
        {kinds.error ? <Failed error={kinds.error} /> : <Answer to={kinds} lines={6}>{(d) => <Form kinds={d.items ?? []} />}</Answer>}
      </Panel>
    </Page>
  );
}

function Form({ kinds }: { kinds: Kind[] }) {
  const [typed, setTyped] = useState(recalled);
  const go = useNavigate();
  const queries = useQueryClient();
  const scopes = useScopes();
  const change = (changes: Partial<Typed>) => setTyped((before) => ({ ...before, ...changes }));
  useEffect(() => localStorage.setItem(begun, JSON.stringify({ ...typed, secret: undefined })), [typed]);
  const kind = kinds.find((k) => k.kind === typed.kind);
  const add = useMutation({
    mutationFn: (of: Kind) => ask(api.POST("/v1/systems", { body: { name: typed.name.trim(), kind: of.kind, scope: typed.scope || undefined, ...toldOf(typed, of) } })),
    onSuccess: (s) => {
      localStorage.removeItem(begun);
      void queries.invalidateQueries({ queryKey: ["systems"] });
      void go({ to: "/systems/$id/setup", params: { id: s.id }, search: { step: "who" } as never });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (kind && whole(typed, kind)) add.mutate(kind);
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <div className={css.pair}>
        <TextInput label="Name" required description="As people call it" maxLength={200} value={typed.name} onChange={(e) => change({ name: e.currentTarget.value })} />
        <Select
          label="Kind" required description="What Writ reads it with" data={kinds.map((k) => ({ value: k.kind, label: k.title }))} value={kind?.kind ?? null} allowDeselect={false}
          onChange={(k) => change({ kind: k ?? "", address: "", options: {}, named: "" })}
        />
      </div>
      {kind && <Reach kind={kind} value={typed} onChange={change} />}
      {scopes.some((s) => s.value !== "") && <Select label="Scope" description="Which part of the organisation it belongs to" data={scopes} value={scopes.some((s) => s.value === typed.scope) ? typed.scope : null} required={!scopes.some((s) => s.value === "")} searchable allowDeselect={false} onChange={(scope) => change({ scope: scope ?? "" })} />}
      <p className={css.changes}>This keeps a draft. Nothing is connected to yet.</p>
      {add.error && <Alert color="red" variant="light" role="alert">{asProblem(add.error).message}</Alert>}
      <div className={css.foot}>
        <Button type="submit" loading={add.isPending} disabled={!kind || typed.name.trim() === "" || !whole(typed, kind)}>Keep it and go on</Button>
      </div>
    </form>
  );
}

// useScopes are the parts of the organisation that one may add a system to.
function useScopes() {
  const scopes = useQuery({ queryKey: ["scopes"], queryFn: () => ask(api.GET("/v1/scopes")) });
  return choicesOf(scopes.data);
}

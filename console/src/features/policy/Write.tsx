import { Alert, Button, Select, Textarea, TextInput } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQueryClient, useMutation } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem, sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { AtPlace } from "../analytics/AtPlace";
import { examples } from "../analytics/examples";
import { Leave } from "../role/Edit";
import { trail, useDocument, usePolicies, type Versioned } from "./policy";
import css from "./policy.module.css";
import { writerNames } from "./words";

// NewPolicies writes the draft of a document that is not there yet.
export function NewPolicies() {
  const all = usePolicies();
  const may = all.data?.may["policy.change"];
  if (!may) return <Page title="Policies" trail={trail}><Panel><Answer to={all} lines={8}>{() => null}</Answer></Panel></Page>;
  if (!may.allowed) return <Denied why={may.why} />;
  return <Editor />;
}

// EditPolicies changes the draft of a document, or begins one from what is published.
export function EditPolicies() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useDocument(id);
  if (!shown.data) return <Page title="Policies" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const may = shown.data.data.may?.["policy.change"];
  if (!may?.allowed) return <Denied why={may?.why} />;
  return <Editor key={id} of={shown.data} />;
}

function Denied({ why }: { why?: string }) {
  return <Page title="What should the policies say?" trail={trail}><Panel><Blank sign={IconLock} title="This cannot be written by you" text={sentence(why ?? "you may not do this")} actions={<Link to="/policies">All policies</Link>} /></Panel></Page>;
}

interface Typed {
  name: string;
  description: string;
  text: string;
}

function typedOf(of: Versioned | undefined): Typed {
  const told = of?.data.draft ?? of?.data.published;
  return { name: of?.data.name ?? "", description: told?.description ?? "", text: told?.text ?? "" };
}

// useTyped keeps what is typed over the version that it was begun from. Where somebody was
// faster, what is typed stays until whoever typed decides.
function useTyped(of: Versioned | undefined) {
  const [base, setBase] = useState(() => ({ typed: typedOf(of), tag: of?.tag ?? "" }));
  const [typed, setTyped] = useState(base.typed);
  const [reason, setReason] = useState("");
  const [sent, setSent] = useState("");
  const queries = useQueryClient();
  const go = useNavigate();
  const save = useMutation({
    mutationFn: () => {
      setSent(typed.text);
      const body = { description: typed.description.trim() || undefined, text: typed.text, reason: reason.trim() };
      return of ? ask(api.PUT("/v1/policies/{id}/draft", { params: { path: { id: of.data.id }, header: { "If-Match": base.tag } }, body }))
        : ask(api.POST("/v1/policies", { body: { ...body, name: typed.name.trim() } }));
    },
    onSuccess: async (after) => {
      await queries.invalidateQueries({ queryKey: ["policies"], refetchType: "none" });
      await go({ to: "/policies/$id", params: { id: after.id }, search: { tab: "draft" } as never, ignoreBlocker: true });
    },
    onError: () => queries.invalidateQueries({ queryKey: ["policies"] }),
  });
  const theirs = of !== undefined && of.tag !== base.tag && !save.isPending && !save.isSuccess ? of : undefined;
  const take = () => {
    setBase({ typed: typedOf(theirs), tag: theirs!.tag });
    setTyped(typedOf(theirs));
    save.reset();
  };
  const over = () => {
    setBase((before) => ({ ...before, tag: theirs!.tag }));
    save.reset();
  };
  const dirty = (["name", "description", "text"] as const).some((part) => typed[part] !== base.typed[part]);
  return { typed, change: (changes: Partial<Typed>) => setTyped((before) => ({ ...before, ...changes })), reason, setReason, save, sent, dirty, theirs, take, over };
}

function Editor({ of }: { of?: Versioned }) {
  const { typed, change, reason, setReason, save, sent, dirty, theirs, take, over } = useTyped(of);
  const leaving = dirty && !save.isSuccess;
  const blocked = useBlocker({ shouldBlockFn: () => leaving, enableBeforeUnload: () => leaving, withResolver: true });
  const ready = typed.text.trim() !== "" && reason.trim() !== "" && typed.name.trim() !== "" && !theirs;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) save.mutate();
  };
  return (
    <Page
      title={of ? `What should ${of.data.name} say?` : "What should the new policies say?"} trail={of ? [...trail, { label: of.data.name, to: `/policies/${of.data.id}` }] : trail}
      lead="It is a draft: nothing of it counts before somebody who wrote none of it has published it."
    >
      {theirs && <Theirs of={theirs} onTake={take} onOver={over} />}
      {of?.data.draft?.retired && <Alert color="yellow" variant="light" title="Its end is written">What you save takes the place of that: the document is not to end, but to say this.</Alert>}
      <div className={ui.split}>
        <Panel title="The draft">
          <form className={css.form} onSubmit={submit}>
            {!of && (
              <div className={css.pair}>
                <TextInput label="Name" description="For ever; each @id begins with it" placeholder="house" required maxLength={40} spellCheck={false} value={typed.name} onChange={(e) => change({ name: e.currentTarget.value })} />
                <Select label="Begin with" description="What stands in the text is replaced" placeholder="An example" data={examples.map((e) => e.label)} value={null} onChange={(label) => change({ text: example(label, typed.name) ?? typed.text })} />
              </div>
            )}
            <TextInput label="What is it for?" maxLength={500} value={typed.description} onChange={(e) => change({ description: e.currentTarget.value })} />
            <Textarea className={css.cedar} label="Policies in Cedar" description="Each with its @id and @reason. One that does not say its @mode observes." required autosize minRows={10} maxRows={30} maxLength={262144} spellCheck={false} value={typed.text} onChange={(e) => change({ text: e.currentTarget.value })} />
            {asProblem(save.error).code !== "version-changed" && <AtPlace error={save.error} text={sent} />}
            <TextInput label="Why?" description="Whoever publishes it reads this" required maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
            <div className={css.foot}>
              <span className="quiet" role="status">{leaving ? "What you changed is not saved." : ""}</span>
              <Button type="submit" loading={save.isPending} disabled={!ready}>Save the draft</Button>
            </div>
          </form>
        </Panel>
        <Hints />
      </div>
      {blocked.status === "blocked" && <Leave onStay={blocked.reset} onLeave={blocked.proceed} />}
    </Page>
  );
}

// example is one to begin with, whose ids begin with the document's name.
function example(label: string | null, name: string): string | undefined {
  const text = examples.find((e) => e.label === label)?.text;
  return name.trim() === "" ? text : text?.replaceAll('@id("house.', `@id("${name.trim()}.`);
}

function Hints() {
  return (
    <Panel title="How it is written">
      <div className={css.form}>
        <p><code>@id</code> begins with the document’s name: <code>house.frozen</code> in <code>house</code>.</p>
        <p><code>@reason</code> is told to whoever it concerns.</p>
        <p><code>@mode</code> is <code>observe</code>, <code>warn</code> or <code>enforce</code>. Let it observe first: it is counted how many decisions it would have changed, and nobody is stopped.</p>
        <p>No policy permits what a guard forbids. What does not exist, or is of the wrong type, is refused with its line when you save.</p>
      </div>
    </Panel>
  );
}

// Theirs says who was faster; nothing is saved until one of the two is chosen.
function Theirs({ of, onTake, onOver }: { of: Versioned; onTake: () => void; onOver: () => void }) {
  const { draft, id } = of.data;
  return (
    <Alert color="yellow" variant="light" role="alert" title="Somebody else has changed this since you began">
      <div className={css.column}>
        <p>
          {draft ? <>The draft was changed <Time at={draft.since} />; written by {writerNames(draft.authors)}.</> : <>Its draft was published or discarded.</>}
          {" "}What you typed is kept here, and nothing was saved. <a href={`/policies/${id}`} target="_blank" rel="noreferrer">See theirs</a> beside it.
        </p>
        <div className={css.buttons}>
          <Button variant="default" size="xs" onClick={onTake}>Take theirs, and drop mine</Button>
          <Button variant="default" size="xs" onClick={onOver}>Keep mine, to save it over theirs</Button>
        </div>
      </div>
    </Alert>
  );
}

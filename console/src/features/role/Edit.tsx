import { Alert, Button, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { IconLock } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { api, askWithTag } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { PersonField } from "../access/PersonField";
import { useMe } from "../signin/me";
import { Contents, Parameters } from "./Contents";
import { Submit } from "./Decide";
import { bodyOf, hidesSome, nothing, sameAs, typedOf, type Typed } from "./draft";
import { Impact } from "./Impact";
import { overtaken, trail, useAct, useRole, type Told, type Versioned } from "./role";
import css from "./role.module.css";
import { kinds, writerNames } from "./words";
import { Wrong } from "./Wrong";

// NewRole writes the draft of a role that is not there yet.
export function NewRole() {
  const me = useMe();
  if (!(me.data?.may ?? []).includes("role.change")) return <Denied text="Roles are kept by IAM. Which there are you find in the catalog." />;
  return <Editor />;
}

// EditRole changes the draft of a role, or begins one from what is published.
export function EditRole() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useRole(id);
  const of = shown.data;
  if (!of) return <Page title="Role" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const may = of.data.may?.["role.change"];
  if (!may?.allowed) return <Denied text={`It stays as it is: ${may?.why ?? "you may not change it"}.`} />;
  if (of.data.of) return <Denied text="It is a variant, which is what its role says: change that." />;
  if (hidesSome(told(of))) return <Denied text="Some of what it gives is not yours to see, and you would take that away without knowing." />;
  return <Editor key={id} of={of} />;
}

function Denied({ text }: { text: string }) {
  return <Page title="What should this role give?" trail={trail}><Panel><Blank sign={IconLock} title="This cannot be edited by you" text={text} actions={<Link to="/roles">All roles</Link>} /></Panel></Page>;
}

function told(of: Versioned): Told {
  return (of.data.draft ?? of.data.published) as Told;
}

// useDraft keeps what is typed over the version that it was begun from. Where somebody was
// faster, theirs is told of, and what is typed stays until whoever typed decides.
function useDraft(of: Versioned | undefined) {
  const [base, setBase] = useState(() => ({ typed: of ? typedOf(told(of)) : nothing, tag: of?.tag ?? "" }));
  const [typed, setTyped] = useState(base.typed);
  const go = useNavigate();
  const queries = useQueryClient();
  const dirty = !sameAs(typed, base.typed);
  const id = of?.data.id;
  const save = useAct(id ?? "new", (tag) => (id
    ? askWithTag(api.PUT("/v1/roles/{id}/draft", { params: { path: { id }, header: { "If-Match": tag } }, body: bodyOf(typed) }))
    : askWithTag(api.POST("/v1/roles", { body: bodyOf(typed) }))), (after: Versioned) => {
    queries.setQueryData(["role", after.data.id], after);
    if (!id) void go({ to: "/roles/$id/edit", params: { id: after.data.id }, replace: true, ignoreBlocker: true });
    const kept = typedOf(told(after));
    setBase({ typed: kept, tag: after.tag });
    setTyped(kept);
  });
  const theirs = of !== undefined && of.tag !== base.tag && !save.isPending ? of : undefined;
  const take = () => {
    if (!theirs) return;
    const kept = typedOf(told(theirs));
    setBase({ typed: kept, tag: theirs.tag });
    setTyped(kept);
    save.reset();
  };
  const over = () => { if (theirs) setBase((before) => ({ ...before, tag: theirs.tag })); save.reset(); };
  return { typed, setTyped, dirty, save, submit: () => save.mutate(base.tag), theirs, take, over };
}

function Editor({ of }: { of?: Versioned }) {
  const { typed, setTyped, dirty, save, submit, theirs, take, over } = useDraft(of);
  const [submitting, setSubmitting] = useState(false);
  const blocked = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: () => dirty, withResolver: true });
  const draft = of?.data.draft;
  const name = of ? told(of).name : "";
  const change = (changes: Partial<Typed>) => setTyped((before) => ({ ...before, ...changes }));
  const onSubmit = (e: FormEvent) => {
    e.preventDefault();
    if (dirty && !theirs) submit();
  };
  return (
    <Page
      title={of ? `What should ${name} give?` : "What should the new role give?"} trail={of ? [...trail, { label: name, to: `/roles/${of.data.id}` }] : trail}
      lead="It is a draft: it counts for nobody until somebody else has reviewed it and it is published."
    >
      {theirs && <Theirs of={theirs} onTake={take} onOver={over} />}
      {draft && draft.state !== "draft" && <Alert color="yellow" variant="light" title={draft.state === "review" ? "It is in review" : "It is approved"}>What you save goes back to being written, and somebody reviews it anew.</Alert>}
      <div className={ui.split}>
        <form className={ui.column} onSubmit={onSubmit}>
          <Panel title="What it is"><About of={typed} onChange={change} /></Panel>
          <Panel title="What it contains"><Contents of={typed} self={of?.data.id} onChange={setTyped} /></Panel>
          <Panel title="Parameters" note="what an assignment has to say, such as a region"><Parameters of={typed} onChange={setTyped} /></Panel>
          {!overtaken(save.error) && <Wrong error={save.error} />}
          <div className={css.foot}>
            <span className="quiet" role="status">{dirty ? "What you changed is not saved." : of ? "Everything is saved." : ""}</span>
            <span className={css.footEnd}>
              {draft?.state === "draft" && <Button variant="default" disabled={dirty} onClick={() => setSubmitting(true)}>Submit for review</Button>}
              <Button type="submit" loading={save.isPending} disabled={!dirty || theirs !== undefined}>Save the draft</Button>
            </span>
          </div>
        </form>
        <div className={ui.column}>
          {draft ? (
            <>
              {dirty && <Alert variant="light" title="Save to see what it changes">What follows is of the draft as it was last saved.</Alert>}
              <Impact id={of.data.id} draft={draft} />
            </>
          ) : <Panel title="What it changes"><p className="quiet">Who gains and who loses what is computed for everybody once the draft is saved. That changes nothing for anybody.</p></Panel>}
        </div>
      </div>
      {submitting && of && <Submit of={of} onClose={() => setSubmitting(false)} />}
      {blocked.status === "blocked" && <Leave onStay={blocked.reset} onLeave={blocked.proceed} />}
    </Page>
  );
}

function About({ of, onChange }: { of: Typed; onChange: (changes: Partial<Typed>) => void }) {
  return (
    <div className={css.form}>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={100} value={of.name} onChange={(e) => onChange({ name: e.currentTarget.value })} />
        <PersonField label="Answers for it" value={of.owner} onChange={(owner) => onChange({ owner })} />
      </div>
      <SegmentedControl aria-label="Kind" data={kinds} value={of.kind} onChange={(kind) => onChange({ kind })} />
      <p className="quiet">{of.kind === "business" ? "What somebody does here. It contains technical roles, other business roles and entitlements." : "A bundle of entitlements for one purpose. It contains technical roles and entitlements."}</p>
      <Textarea label="What is it for?" autosize minRows={2} maxLength={2000} value={of.description} onChange={(e) => onChange({ description: e.currentTarget.value })} />
    </div>
  );
}

// Theirs says who was faster; nothing is saved until one of the two is chosen.
function Theirs({ of, onTake, onOver }: { of: Versioned; onTake: () => void; onOver: () => void }) {
  const { draft, id, writers } = of.data;
  return (
    <Alert color="yellow" variant="light" role="alert" title="Somebody else has changed this role since you began">
      <div className={css.column}>
        <p>
          {draft ? <>The draft was changed <Time at={draft.since} />; written by {writerNames(draft.authors, writers)}.</> : <>Its draft was published or discarded.</>}
          {" "}What you typed is kept here, and nothing was saved. <a href={`/roles/${id}`} target="_blank" rel="noreferrer">See theirs</a> beside it.
        </p>
        <div className={css.buttons}>
          <Button variant="default" size="xs" onClick={onTake}>Take theirs, and drop mine</Button>
          <Button variant="default" size="xs" onClick={onOver}>Keep mine, to save it over theirs</Button>
        </div>
      </div>
    </Alert>
  );
}

// Leave asks whoever goes away from what they did not save.
export function Leave({ onStay, onLeave }: { onStay: () => void; onLeave: () => void }) {
  return (
    <Modal opened onClose={onStay} title="Leave without saving?">
      <div className={css.form}>
        <p>What you changed in the draft is not saved, and is gone if you leave.</p>
        <div className={css.footEnd}>
          <Button variant="default" onClick={onLeave}>Leave</Button>
          <Button onClick={onStay} data-autofocus>Stay</Button>
        </div>
      </div>
    </Modal>
  );
}

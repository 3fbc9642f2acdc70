import { Alert, Button, FileInput, Select, VisuallyHidden } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Named } from "../access/Named";
import css from "./lifecycle.module.css";
import { happenings, operationWords, percent } from "./words";

type Foreseen = AnswerOf<"preview-reorganisation">;
type Person = NonNullable<Foreseen["first"]>[number];

const megabyte = 1024 * 1024;
const largest = 64 * megabyte;

// Preview says what loading a new file of a source would do, before it is loaded.
export function Preview() {
  const sources = useQuery({ queryKey: ["lifecycle", "sources"], queryFn: () => ask(api.GET("/v1/lifecycle/sources")) });
  const names = (sources.data?.items ?? []).map((s) => s.name);
  const [source, setSource] = useState<string | null>(null);
  const [file, setFile] = useState<File | null>(null);
  const chosen = source ?? (names.length === 1 ? names[0] : undefined);
  const look = useMutation({
    mutationFn: ({ of, from }: { of: string; from: File }) =>
      ask(api.POST("/v1/lifecycle/preview", { params: { query: { source: of } }, body: from as never, bodySerializer: (body: unknown) => body as BodyInit, headers: { "Content-Type": "text/csv" } })),
  });
  const tooLarge = file !== null && file.size > largest;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (chosen && file && !tooLarge) look.mutate({ of: chosen, from: file });
  };
  return (
    <Page
      title="What would a reorganisation do?" trail={[{ label: "Birthrights", to: "/birthrights" }]}
      lead="Give a new file of a source, and see what loading it would do to people and systems. Nothing is loaded, and nothing is kept."
    >
      {sources.error ? <Failed error={sources.error} onRetry={() => void sources.refetch()} /> : (
        <Panel>
          <form className={css.choose} onSubmit={submit}>
            <Select label="Source" required data={names} value={chosen ?? null} onChange={setSource} placeholder="Whose file it is" allowDeselect={false} />
            <FileInput
              label="File" required accept=".csv,text/csv,text/plain" value={file} placeholder="A CSV file" clearable clearButtonProps={{ "aria-label": "Take the file out" }}
              onChange={(f) => { setFile(f); look.reset(); }} error={tooLarge && "It is larger than 64 MB: look at it on the node, with writ lifecycle preview."}
            />
            <Button type="submit" loading={look.isPending} disabled={!chosen || !file || tooLarge}>See what it would do</Button>
          </form>
          {look.error && <Alert color="red" variant="light" role="alert" mt="md">{asProblem(look.error).message}</Alert>}
        </Panel>
      )}
      {look.data && <Result of={look.data} />}
    </Page>
  );
}

function Result({ of: r }: { of: Foreseen }) {
  const happens = happenings.filter(({ kind }) => (r.happens[kind] ?? 0) > 0);
  return (
    <>
      {r.file.refused && <Alert color="red" variant="light" role="alert" title="It would be refused">{r.file.refused}</Alert>}
      {r.guard.holds && (
        <Alert color="orange" variant="light" role="alert" title="The guard would hold it">
          {count(r.guard.losing)} people would lose something in one step{r.guard.before > 0 && <>, and {count(r.guard.before)} others lost something within the last hour</>}: more than {count(r.guard.count)}, and more than {percent(r.guard.share)} of the {count(r.guard.of)} whom rules would be for. They stay as they are until somebody else than who loads it releases it.
        </Alert>
      )}
      <Figures items={[
        { value: count(r.losing), label: "lose something", note: r.guard.losing > r.losing ? `${count(r.guard.losing)} with those whose accounts stop working` : undefined, tone: r.losing > 0 ? "warn" : undefined },
        { value: count(r.gaining), label: "gain something", tone: r.gaining > 0 ? "good" : undefined },
        { value: count(r.file.counts.identities ?? 0), label: "rows", note: `${count(r.file.changed)} new or other, ${count(r.file.removed)} no more` },
        { value: count(r.file.counts.rejected ?? 0), label: "rows do not count", tone: (r.file.counts.rejected ?? 0) > 0 ? "mild" : undefined },
      ]}
      />
      {happens.length + r.people === 0 && <Panel><p>Loading it would change nothing for anybody.</p></Panel>}
      {happens.length > 0 && (
        <Panel title="What happens to people" note={r.failing > 0 ? `a mapping fails for ${count(r.failing)}` : undefined}>
          <Sums name="What happens to people" head={["", "People"]} rows={happens.map(({ kind, words }) => [words, count(r.happens[kind])])} />
        </Panel>
      )}
      <div className={css.sums}>
        <Some title="Rows that would not count" head={["Where", "Why"]} words rows={(r.file.rejected ?? []).map((x) => [x.where, x.reason])} />
        <Some title="Attributes that become others" head={["Attribute", "People"]} rows={(r.attributes ?? []).map((x) => [x.name, count(x.people)])} />
        <Some title="By rule" head={["Rule", "Meet it anew", "No more"]} rows={(r.rules ?? []).map((x) => [<>{x.rule}{x.mode !== "enforce" && <span className="quiet"> gives nothing</span>}</>, count(x.joining), count(x.leaving)])} />
        <Some title="By role" head={["Role", "Gain it", "Lose it"]} rows={(r.roles ?? []).map((x) => [<Named key="n" of={x.role} />, count(x.gain), count(x.lose)])} />
        <Some title="By entitlement" head={["Entitlement", "Gain it", "Lose it"]} rows={(r.entitlements ?? []).map((x) => [<Named key="n" of={x.entitlement} />, count(x.gain), count(x.lose)])} />
        <Some title="By department" head={["Unit", "People", "Gain something", "Lose something"]} rows={(r.departments ?? []).map((x) => [x.unit || <span key="n" className="quiet">none</span>, count(x.people), count(x.gaining), count(x.losing)])} />
      </div>
      <Some title="What provisioning would have to do" head={["System", "At once", "Once it is released"]} words rows={(r.systems ?? []).map((x) => [<Named key="n" of={x.system} />, operationWords(x.operations), operationWords(x.held)])} />
      <People of={r.first ?? []} all={r.people} />
    </>
  );
}

function Some({ title, head, rows, words }: { title: string; head: string[]; rows: ReactNode[][]; words?: boolean }) {
  if (rows.length === 0) return null;
  return <Panel title={title}><Sums name={title} head={head} rows={rows} words={words} /></Panel>;
}

function Sums({ name, head, rows, words, whole }: { name: string; head: string[]; rows: ReactNode[][]; words?: boolean; whole?: boolean }) {
  const number = (i: number) => (i > 0 && !words ? css.n : undefined);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={whole ? css.scroll : `${css.scroll} ${css.low}`} role="region" aria-label={`${name}, all`} tabIndex={0}>
      <table className={words ? `${css.table} ${css.wide}` : css.table}>
        <thead><tr>{head.map((h, i) => <th key={h} scope="col" className={number(i)}>{h || <VisuallyHidden>What</VisuallyHidden>}</th>)}</tr></thead>
        <tbody>{rows.map((row, at) => <tr key={at}>{row.map((cell, i) => <td key={head[i]} className={number(i)}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

const page = 20;

function People({ of, all }: { of: Person[]; all: number }) {
  const [shown, setShown] = useState(page);
  if (of.length === 0) return null;
  const known = new Map(happenings.map(({ kind, words }) => [kind as string, words]));
  return (
    <Panel title="Who" note={`${count(Math.min(shown, of.length))} of ${count(all)}, first those who lose something or whose accounts stop working`}>
      <Sums
        name="Who" head={["Person", "What happens", "Gains", "Loses"]} words whole
        rows={of.slice(0, shown).map((p) => [
          <div key="p">{p.identity ? <Named of={{ id: p.identity, type: "identity", name: p.name }} /> : p.name}<span className={css.sub}>{p.number}{p.held && " · held"}</span></div>,
          (p.happens ?? []).map((k) => known.get(k) ?? k).join(", ") || <span key="h" className="quiet">–</span>,
          <Things key="g" of={p.gains ?? []} />, <Things key="l" of={p.loses ?? []} />,
        ])}
      />
      {shown < of.length && <Button variant="subtle" size="xs" mt="sm" onClick={() => setShown(shown + page)}>Show more of them</Button>}
      {shown >= of.length && all > of.length && <p className="quiet">The first {count(of.length)} are shown: <code>writ lifecycle preview --first</code> shows as many as you like.</p>}
    </Panel>
  );
}

const few = 3; // of somebody's things, which whoever reads of many people wants to see at a glance

function Things({ of }: { of: NonNullable<Person["gains"]> }) {
  if (of.length === 0) return <span className="quiet">–</span>;
  const lines = (list: typeof of) => list.map((t) => <div key={t.id}><Named of={t} /></div>);
  if (of.length <= few + 1) return <>{lines(of)}</>;
  return (
    <>
      {lines(of.slice(0, few))}
      <details><summary className={css.more}>and {count(of.length - few)} more</summary>{lines(of.slice(few))}</details>
    </>
  );
}

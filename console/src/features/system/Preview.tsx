import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Tier } from "../access/marks";
import { said, tierMeans } from "../access/words";
import css from "./flow.module.css";
import type { StepProps } from "./Setup";

function Foot({ onNext }: { onNext: () => void }) {
  return <div><Button onClick={onNext}>Go on</Button></div>;
}

// Unseen is shown where there was no dry run whose result could be.
function Unseen({ system, error, children }: { system: string; error: unknown; children: ReactNode }) {
  if (error === null || asProblem(error).code !== "dry-run-required") return <>{children}</>;
  return (
    <Panel>
      <Blank title="There is nothing to show yet" text="This is foretold from a dry run." actions={<Button component={Link} to={`/systems/${system}/setup`} search={{ step: "dry-run" } as never}>To the dry run</Button>} />
    </Panel>
  );
}

// AccountsPreview is whose the accounts would be.
export function AccountsPreview({ of: { data: s }, onNext }: StepProps) {
  const shown = useQuery({ queryKey: ["preview", s.id, "accounts"], retry: false, queryFn: () => ask(api.GET("/v1/systems/{id}/correlation", { params: { path: { id: s.id } } })) });
  return (
    <Unseen system={s.id} error={shown.error}>
      {shown.data ? <Accounts of={shown.data} /> : <Panel><Answer to={shown} lines={5}>{() => null}</Answer></Panel>}
      {shown.data && <Foot onNext={onNext} />}
    </Unseen>
  );
}

type Foretold = AnswerOf<"preview-correlation">;
type Sort = "all" | "disputed" | "nobody" | "linked";

function sortOf(l: { state?: string; identity?: string }): Sort {
  return l.state === "disputed" ? "disputed" : l.identity ? "linked" : "nobody";
}

const sortMarks = { linked: ["good", "Linked"], disputed: ["warn", "Disputed"], nobody: ["none", "Nobody’s"], all: ["none", ""] } as const;

function Accounts({ of }: { of: Foretold }) {
  const [sort, setSort] = useState<Sort>("all");
  const { found, people } = of;
  const rules = Object.entries(found.by_rule).sort((a, b) => b[1] - a[1]);
  const rows = (found.first ?? []).filter((l) => sort === "all" || sortOf(l) === sort);
  return (
    <>
      <Figures items={[
        { value: count(found.linked), label: "linked to somebody", note: rules.length > 0 ? `by ${rules.map(([rule, n]) => `${rule} ${count(n)}`).join(", ")}` : undefined, tone: found.linked > 0 ? "good" : undefined },
        { value: count(found.disputed), label: "disputed", note: "wait for a person to decide", tone: found.disputed > 0 ? "warn" : undefined },
        { value: count(found.nobodys), label: "nobody’s", note: "would be orphans" },
        { value: count(found.accounts), label: "accounts in all", note: "new, or different from what is known" },
      ]}
      />
      <Panel title="The first of each" flush>
        <div className={css.tools}>
          <SegmentedControl
            size="xs" aria-label="Which accounts" value={sort} onChange={(v) => setSort(v as Sort)}
            data={[{ value: "all", label: "All" }, { value: "disputed", label: "Disputed" }, { value: "nobody", label: "Nobody’s" }, { value: "linked", label: "Linked" }]}
          />
        </div>
        {rows.length === 0 ? <Blank title="There is none like this" /> : (
          <Rows items={rows.map((l) => {
            const [tone, label] = sortMarks[sortOf(l)];
            return {
              key: l.login, title: <>{l.login}{l.name && l.name !== l.login && <span className="quiet"> {l.name}</span>}</>,
              note: l.evidence ? `${l.rule}: ${l.evidence}` : said(l.kind),
              end: l.identity && people[l.identity] ? <>{people[l.identity]!.name} <Mark tone={tone}>{label}</Mark></> : <Mark tone={tone}>{label}</Mark>,
            };
          })}
          />
        )}
      </Panel>
    </>
  );
}

// TiersPreview is what would be privileged, and why.
export function TiersPreview({ of: { data: s }, onNext }: StepProps) {
  const shown = useQuery({ queryKey: ["preview", s.id, "tiers"], retry: false, queryFn: () => ask(api.GET("/v1/systems/{id}/classification", { params: { path: { id: s.id } } })) });
  return (
    <Unseen system={s.id} error={shown.error}>
      {shown.data ? <Tiers of={shown.data} /> : <Panel><Answer to={shown} lines={5}>{() => null}</Answer></Panel>}
      {shown.data && <Foot onNext={onNext} />}
    </Unseen>
  );
}

function Tiers({ of }: { of: AnswerOf<"preview-classification"> }) {
  const [only, setOnly] = useState("all");
  const counts = of.tiers?.counts ?? {};
  const rows = (of.tiers?.first ?? []).filter((e) => only === "all" || String(e.tier) === only);
  return (
    <>
      <Figures items={[0, 1, 2, 3].map((t) => ({ value: count(counts[t] ?? 0), label: `tier ${t}`, note: tierMeans[t], tone: (counts[t] ?? 0) > 0 ? ({ 0: "bad", 1: "warn" } as const)[t as 0] : undefined }))} />
      <Panel title="The worst first" note={said(of.said)} flush>
        <div className={css.tools}>
          <SegmentedControl
            size="xs" aria-label="Which tier" value={only} onChange={setOnly}
            data={[{ value: "all", label: "All" }, ...["0", "1", "2", "3"].map((t) => ({ value: t, label: `Tier ${t}` }))]}
          />
        </div>
        {rows.length === 0 ? <Blank title="There is none like this" /> : (
          <Rows items={rows.map((e, i) => ({ key: `${i} ${e.name}`, title: <>{e.name} <span className="quiet">{e.kind}</span></>, note: e.reason, end: <Tier of={e.tier} /> }))} />
        )}
      </Panel>
    </>
  );
}

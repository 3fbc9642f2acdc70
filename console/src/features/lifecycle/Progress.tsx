import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Counts, OperationState } from "../provision/marks";
import { account, atWork, remedy, states, what, type Operation } from "../provision/words";
import { useMe } from "../signin/me";
import css from "./lifecycle.module.css";

const mostShown = 200;
const soon = 10 * 60_000; // within which what follows is planned

// useWritten are the operations for somebody that were planned within a time.
export function useWritten(identity: string, from: string, until: string | undefined, enabled: boolean) {
  return useQuery({
    queryKey: ["provisioning", "operations", { identity, from, until }], enabled,
    queryFn: () => ask(api.GET("/v1/provisioning/operations", { params: { query: { identity, from, until, limit: mostShown } } })),
    refetchInterval: (q) => (until === undefined && (Date.now() - Date.parse(from) < soon || (q.state.data?.items ?? []).some((o) => atWork(o) && !waits(o))) ? 3000 : false),
  });
}

// waits reports whether an operation gets on only by somebody.
function waits(o: Operation): boolean {
  return o.state === "held" || o.state === "dead" || (o.by_hand === true && o.state === "waiting");
}

interface ProgressProps {
  title: string;
  identity: string;
  from: string;
  until?: string;
  cut?: boolean; // it takes away: what is done is gone
}

// Progress is what an event led to in systems: what is done, and what is still under way.
export function Progress({ title, identity, from, until, cut }: ProgressProps) {
  const me = useMe();
  const sees = (me.data?.may ?? []).includes("provisioning.read");
  const written = useWritten(identity, from, until, sees);
  if (me.data && !sees) return null;
  return (
    <Panel title={title} flush>
      <div className={css.written}>
        <Answer to={written} lines={3}>
          {({ items, names, next }) => <Written of={items ?? []} names={names} more={next !== undefined} cut={cut} />}
        </Answer>
      </div>
    </Panel>
  );
}

function Written({ of, names, more, cut }: { of: Operation[]; names: Record<string, string>; more: boolean; cut?: boolean }) {
  if (of.length === 0) return <p className={css.inset}>Nothing was written to any system because of it, so far as you may see.</p>;
  const counts: Record<string, number> = {};
  for (const o of of) counts[o.state] = (counts[o.state] ?? 0) + 1;
  const sorted = [...of].sort((a, b) => states.indexOf(a.state as never) - states.indexOf(b.state as never));
  return (
    <>
      <div className={css.inset}><Counts of={counts} />{more && <p className="quiet">The newest {mostShown} are counted.</p>}</div>
      <Group title="Waits for somebody" of={sorted.filter(waits)} names={names} />
      <Group title={cut ? "Still under way" : "Under way"} of={sorted.filter((o) => atWork(o) && !waits(o))} names={names} />
      <Group title={cut ? "Gone" : "Done"} of={sorted.filter((o) => !atWork(o) && !waits(o))} names={names} />
    </>
  );
}

function Group({ title, of, names }: { title: string; of: Operation[]; names: Record<string, string> }) {
  if (of.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3 className={css.inset}>{title} <span className="quiet">{of.length}</span></h3>
      <Rows items={of.map((o) => ({
        key: o.id, to: `/provisioning/operations/${o.id}`, start: <OperationState of={o.state} />,
        title: <>{what(o, names)} <span className="quiet">{account(o, names)} in {names[o.system] ?? "a system"}</span></>, note: note(o),
      }))}
      />
    </section>
  );
}

function note(o: Operation): string | undefined {
  if (o.state === "verified") return undefined;
  return [o.error && sentence(o.error), remedy(o)].filter(Boolean).join(" ") || undefined;
}

// RunsLink leads to all that was written for somebody.
export function RunsLink({ identity }: { identity: string }) {
  return <Link to="/provisioning/operations" search={{ identity } as never}>All operations for them</Link>;
}

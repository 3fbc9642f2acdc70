import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Bar } from "../../ui/Bar";
import { count } from "../../ui/Figures";
import { Facts } from "../../ui/Panel";
import { Named, type NamedThing } from "../access/Named";
import css from "./analytics.module.css";
import { groupText, type Outlier } from "./words";

type Compared = AnswerOf<"list-peers">;

const shown = 60;

interface PeersProps {
  who: string;
  what: string;
  of?: Outlier; // the line that was opened, where it is on this page
  onClose: () => void;
}

// Peers says who somebody is compared with, who of them has it, and whom to ask.
export function Peers({ who, what, of, onClose }: PeersProps) {
  const compared = useQuery({ queryKey: ["analytics", "peers", who, what], queryFn: () => ask(api.GET("/v1/identities/{id}/peers", { params: { path: { id: who }, query: { entitlement: what, limit: shown } } })) });
  return (
    <Modal opened onClose={onClose} size="lg" title={of ? `Why does ${of.entitlement.name} stand out?` : "Who are the peers?"}>
      <div className={css.stack}>
        {of && <p>{of.identity.name} holds {of.entitlement.name} in {of.system.name}. {sentence(of.why)}</p>}
        <Answer to={compared} lines={6}>{(c) => <Group of={c} />}</Answer>
        <Asking who={who} what={what} />
      </div>
    </Modal>
  );
}

function Group({ of: c }: { of: Compared }) {
  const items = c.items ?? [];
  const [having, others] = [items.filter((p) => p.has), items.filter((p) => !p.has)];
  const usual = c.usual ?? [];
  return (
    <>
      <Facts items={[
        ["Alike in", (c.group ?? []).length === 0 ? "nothing: they are everybody" : (c.group ?? []).map((t) => `${t.attribute} ${t.value}`).join(", ")],
        ["Explains", (c.group ?? []).length > 0 && `${Math.round(c.explained * 100)} % of who has what`],
        ["Peers", count(c.peers)],
        ["In the company", `${count(c.company)} ${c.company === 1 ? "person has" : "people have"} it`],
      ]}
      />
      {usual.length > 0 && (
        <div>
          <h3>Where it is held most</h3>
          <ul className={css.groups}>
            {usual.map((g) => <li key={groupText(g.group)}><span>{groupText(g.group)}</span><span className="num">{count(g.having)} of {count(g.people)}</span><Bar parts={[{ tone: "calm", n: g.having, label: "have it" }, { tone: "none", n: g.people - g.having, label: "do not" }]} /></li>)}
          </ul>
        </div>
      )}
      {having.length > 0 && <People title={`Peers who have it, too (${count(c.having)})`} of={having.map((p) => p.identity)} all={c.having} />}
      {others.length > 0 && <People title={`Peers who do not have it (${count(c.peers - c.having)})`} of={others.map((p) => p.identity)} all={c.peers - c.having} />}
    </>
  );
}

function People({ title, of, all }: { title: string; of: NamedThing[]; all: number }) {
  return (
    <div>
      <h3>{title}</h3>
      <div className={css.people}>{of.map((p) => <Named key={p.id} of={p} />)}{all > of.length && <span className="quiet">and {count(all - of.length)} more</span>}</div>
    </div>
  );
}

// Asking says who can tell whether it is still needed, and where it would be taken away.
function Asking({ who, what }: { who: string; what: string }) {
  const thing = useQuery({ queryKey: ["entitlement", what, "owner"], queryFn: () => ask(api.GET("/v1/entitlements/{id}", { params: { path: { id: what } } })) });
  const person = useQuery({ queryKey: ["identity", who], queryFn: () => ask(api.GET("/v1/identities/{id}", { params: { path: { id: who } } })) });
  const kept = useQuery({ queryKey: ["analytics", "kept", who], queryFn: () => ask(api.GET("/v1/identities/{id}/creep", { params: { path: { id: who } } })) });
  const positions = kept.data?.positions ?? [];
  const came = positions.slice(0, -1).find((p) => (p.items ?? []).some((k) => k.entitlement.id === what));
  const manager = (person.data?.affiliations ?? []).find((a) => a.manager)?.manager;
  return (
    <div>
      <h3>Whom to ask</h3>
      <Facts items={[
        ["Answers for it", thing.data && <Named of={thing.data.owner} />],
        ["Their manager", manager && <Named of={manager} />],
        ["Came with", came && `${came.unit}: ${came.title ? `as ${came.title}` : "they were there"} before they came to ${positions[positions.length - 1]!.unit}`],
      ]}
      />
      <p className={css.on}><Link to="/identities/$id" params={{ id: who }} search={{ why: what } as never}>See by what way {person.data?.identity.name ?? "they"} {person.data ? "has" : "have"} it</Link>: what a role gives ends at the role, what a birthright rule gives at the rule. What somebody gave by hand is taken away in its system.</p>
    </div>
  );
}

import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Time } from "../../ui/Time";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import css from "./analytics.module.css";

type Card = AnswerOf<"show-creep">;

// Kept says what somebody kept, from what move on.
export function Kept({ who, onClose }: { who: string; onClose: () => void }) {
  const kept = useQuery({ queryKey: ["analytics", "kept", who], queryFn: () => ask(api.GET("/v1/identities/{id}/creep", { params: { path: { id: who } } })) });
  return (
    <Modal opened onClose={onClose} size="lg" title={kept.data ? `What did ${kept.data.identity.name} keep?` : "What was kept?"}>
      <Answer to={kept} lines={8}>{(k) => <Positions of={k} />}</Answer>
    </Modal>
  );
}

function Positions({ of: k }: { of: Card }) {
  const positions = k.positions ?? [];
  return (
    <div className={css.stack}>
      <p>{k.identity.name} holds {count(k.held)}. {count(k.kept)} came with an earlier unit and {k.kept === 1 ? "is" : "are"} not usual where they are now{k.usual > 0 && `; ${count(k.usual)} did, too, and ${k.usual === 1 ? "is" : "are"} usual`}.</p>
      <ol className={css.positions} aria-label="Positions">
        {positions.map((p, i) => (
          <li key={`${p.since ?? ""}${p.unit}`}>
            <span className={css.unit}>{p.unit || "No unit"}</span>{p.title && <span className="quiet">, {p.title}</span>}
            <div className="quiet">{p.since ? <>since <Time at={p.since} absolute /></> : "from before anything was known"}{i === positions.length - 1 && "; where they are now"}</div>
            {(p.items ?? []).length > 0 && (
              <ul className={css.kept}>
                {[...p.items!].sort((a, b) => Number(a.usual) - Number(b.usual) || a.tier - b.tier).map((e) => <li key={e.entitlement.id}><Tier of={e.tier} /><Named of={e.entitlement} />{e.usual ? <span className="quiet">usual there too</span> : <span className="quiet">known since <Time at={e.since} absolute /></span>}</li>)}
              </ul>
            )}
          </li>
        ))}
      </ol>
      <p><Link to="/identities/$id" params={{ id: k.identity.id }}>All that they have, and why</Link>: what a role or rule gives ends there; what somebody gave by hand is taken away in its system.</p>
    </div>
  );
}

import { Modal, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import css from "./analytics.module.css";
import { UseBar, UseMark } from "./marks";
import { useMeans, useNames, type Use } from "./words";

type Held = ItemOf<"list-holders-in-use">;

const shown = 100;

interface HoldersProps {
  of: string;
  name?: string;
  days: number;
  onClose: () => void;
}

// Holders says of each grant of an entitlement how it is used, and whose it is.
export function Holders({ of, name = "this", days, onClose }: HoldersProps) {
  const [use, setUse] = useState<Use | undefined>("unused");
  const held = useQuery({
    queryKey: ["analytics", "holders", of, use, days], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/analytics/holders", { params: { query: { entitlement: of, use, days, limit: shown } } })),
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={`Who holds ${name}, and who uses it?`}>
      <div className={css.stack}>
        <SegmentedControl aria-label="Use" value={use ?? ""} onChange={(v) => setUse(v === "" ? undefined : v as Use)} data={[{ value: "", label: "All" }, ...(["unused", "unknown", "recent", "used"] as const).map((u) => ({ value: u, label: useNames[u] }))]} />
        <Answer to={held} lines={6}>
          {(h) => (
            <>
              <UseBar of={h.counts} />
              {use && <p className="quiet">{useNames[use]}: {useMeans[use]}.</p>}
              {(h.items ?? []).length === 0 ? <p>None of its {count(h.counts.grants)} grants is so.</p> : <Grants of={h.items ?? []} />}
              {h.total > (h.items ?? []).length && <p className="quiet">The first {count((h.items ?? []).length)} of {count(h.total)}.</p>}
              <p><Link to="/entitlements/$id" params={{ id: of }}>Everybody who has it, in any way</Link></p>
            </>
          )}
        </Answer>
      </div>
    </Modal>
  );
}

function Grants({ of }: { of: Held[] }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="region" aria-label="Grants" tabIndex={0}>
      <table className={css.table}>
        <thead><tr><th scope="col">Whose</th><th scope="col">By</th><th scope="col">Use</th><th scope="col">Last used</th></tr></thead>
        <tbody>
          {of.map((g) => (
            <tr key={g.grant}>
              <td>{g.identity ? <Named of={g.identity} /> : <span className="quiet">nobody’s</span>}</td>
              <td>{g.account ? <Named of={g.account} withSystem={false} /> : "their own grant"}{!g.justified && <div className="quiet">nothing justifies it</div>}</td>
              <td><UseMark of={g.use} /></td>
              <td>{g.last_used ? <Time at={g.last_used} absolute /> : <span className="quiet">{g.use === "unknown" ? "not known" : "never"}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

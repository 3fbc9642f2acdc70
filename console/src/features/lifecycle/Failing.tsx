import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import css from "./lifecycle.module.css";

// Failing are those for whom the mapping fails as it is kept: nothing changes for them.
export function Failing({ system }: { system: string }) {
  const failing = useQuery({ queryKey: ["mappings", system, "failures"], queryFn: () => ask(api.GET("/v1/mappings/{system}/failures", { params: { path: { system } } })) });
  const items = failing.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <Panel title={`It fails for ${count(failing.data?.total)} now`} note="nothing changes for them until it is mended">
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={`${css.scroll} ${css.low}`} role="region" aria-label="For whom it fails" tabIndex={0}>
        <table className={css.table}>
          <thead><tr><th scope="col">Person</th><th scope="col">Why</th><th scope="col">Since</th></tr></thead>
          <tbody>{items.map((f) => <tr key={f.identity.id}><td><Named of={f.identity} /></td><td>{f.problem}</td><td><Time at={f.since} /></td></tr>)}</tbody>
        </table>
      </div>
    </Panel>
  );
}

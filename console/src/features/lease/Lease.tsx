import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { actorName } from "../access/words";
import { thing } from "../vault/words";
import { Given, type Account } from "./Given";
import { isOpen } from "./lease";
import css from "./lease.module.css";
import { Running } from "./Running";
import { endWords, long, stateWords } from "./words";

// Lease is one account that was made for one use: what led to it, and what came of it.
export function Lease() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useQuery({
    queryKey: ["leases", "one", id], queryFn: () => ask(api.GET("/v1/leases/{id}", { params: { path: { id } } })), refetchInterval: (q) => (q.state.data && !isOpen(q.state.data.state) ? false : 3000),
  });
  const [told, setTold] = useState("");
  const [given, setGiven] = useState<Account>();
  const l = shown.data;
  if (!l) return <Page title="Lease" trail={[{ label: "Leases", to: "/leases" }]}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const words = stateWords(l);
  return (
    <Page title={l.login} lead={<>An account in <Named of={thing(l.system, l.names)} /> that was made for one use.</>} trail={[{ label: "Leases", to: "/leases" }]} marks={<Mark tone={words.tone}>{words.label}</Mark>}>
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      {isOpen(l.state) && <Panel title="Now" flush><Running items={[{ ...l, may: l.may ?? {} }]} names={l.names} onTold={setTold} onGiven={setGiven} /></Panel>}
      <Panel title="What is known of it">
        <Facts items={[
          ["Who", <Named key="who" of={thing(l.identity, l.names)} />],
          ["Template", <Named key="template" of={thing(l.template, l.names)} />],
          ["Why", l.reason && `“${l.reason}”`],
          ["Ticket", l.ticket],
          ["Asked for", <Time key="asked" at={l.asked_at} />],
          ["Agreed to", l.approval && <><Link to="/approvals/$id" params={{ id: l.approval }}>{l.agreed_at ? "by others" : "not yet: who has to agree"}</Link>{l.agreed_at && <> <Time at={l.agreed_at} /></>}</>],
          ["Starts", l.starts_at && <Time at={l.starts_at} />],
          ["Ends", l.ends_at && <><Time at={l.ends_at} />, {long(l.most)} after its start at the latest</>],
          ["Over", l.over_at && <><Time at={l.over_at} />: {endWords(l.code)}{l.ended_by && `, by ${l.names[l.ended_by] ?? actorName(l.ended_by)}`}</>],
          ["What was said", l.said && <span className={css.wrong}>{l.said}</span>],
          ["Tried to take it away", (l.attempts ?? 0) > 0 && `${l.attempts === 1 ? "once" : `${l.attempts} times`} in vain`],
          ["Seen gone", l.gone_at && <Time at={l.gone_at} />],
          ["Chain", <code key="chain" className={css.mono}>{l.chain}</code>],
          ["Number", <code key="id" className={css.mono}>{l.id}</code>],
        ]}
        />
      </Panel>
      {given && <Given of={given} onClose={() => setGiven(undefined)} />}
    </Page>
  );
}

import { Button, Textarea } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { Dialog } from "../vault/Dialog";
import { thing } from "../vault/words";
import { useAct, useCertificates, type AuthorityLine, type Certificate } from "./authority";
import css from "./authority.module.css";
import { certificateWords } from "./words";

interface CertificatesProps {
  query: { authority?: string; mine?: boolean };
  authorities: Pick<AuthorityLine, "id" | "name" | "profiles">[];
  onSign?: (c: Certificate) => void; // what others have agreed to
  onTold: (words: string) => void;
}

// Certificates are what was signed, the newest first, and whether it is good.
export function Certificates({ query, authorities, onSign, onTold }: CertificatesProps) {
  const list = useList();
  const found = useCertificates({ ...query, limit: 25, cursor: list.cursor });
  const [revoking, setRevoking] = useState<Certificate>();
  const names = found.data?.names ?? {};
  const now = found.dataUpdatedAt;
  const by = (c: Certificate) => authorities.flatMap((a) => a.profiles ?? []).find((p) => p.id === c.profile)?.name ?? c.profile;
  const ends = (c: Certificate) => {
    const open = c.state === "issued" && c.ends_at !== undefined && Date.parse(c.ends_at) > now;
    if (c.state === "agreed" && onSign) return <Button size="compact-sm" onClick={() => onSign(c)}>Have it signed<span className="out-of-view">: {c.id}</span></Button>;
    return open && c.may?.["certificate.revoke"]?.allowed ? <Button variant="default" size="compact-sm" onClick={() => setRevoking(c)}>Revoke it<span className="out-of-view">: {c.id}</span></Button> : <span className="quiet">–</span>;
  };
  const columns: Column<Certificate>[] = [
    { id: "for", header: "For", cell: (c) => <div><span className={tableClass.main}>{(c.principals ?? []).join(", ") || "nobody yet"}</span><span className={tableClass.sub}>by {by(c)}{c.serial && `, ${c.serial}`}</span></div> },
    ...(query.mine ? [] : [{ id: "who", header: "Asked by", cell: (c: Certificate) => <Named of={thing(c.identity, names)} /> }]),
    { id: "why", header: "Why", cell: (c) => <div>{c.reason || <span className="quiet">–</span>}{c.ticket && <span className={tableClass.sub}>{c.ticket}</span>}</div> },
    { id: "state", header: "State", tight: true, cell: (c) => <div><Mark tone={certificateWords(c, now).tone} bare>{certificateWords(c, now).label}</Mark>{c.why && <span className={tableClass.sub}>“{c.why}”</span>}{c.state === "waiting" && c.approval && <span className={tableClass.sub}><Link to="/approvals/$id" params={{ id: c.approval }}>who has to agree</Link></span>}</div> },
    { id: "ends", header: "Ends", tight: true, cell: (c) => (c.ends_at ? <Time at={c.ends_at} /> : <span className="quiet">–</span>) },
    { id: "act", header: "Change", tight: true, cell: ends },
  ];
  return (
    <>
      <Table
        name={query.mine ? "Signed for you" : "What it signed"} columns={columns} rows={found.data && (found.data.items ?? [])} rowKey={(c) => c.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
        tools={<h2 className={ui.panelTitle}>{query.mine ? "Signed for you" : "What it signed"}</h2>}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="Nothing was signed yet" text="What is signed is here with its end." />}
      />
      {revoking && <Revoke of={revoking} onClose={() => setRevoking(undefined)} onDone={(words) => { setRevoking(undefined); onTold(words); }} />}
    </>
  );
}

function Revoke({ of: c, onClose, onDone }: { of: Certificate; onClose: () => void; onDone: (words: string) => void }) {
  const [reason, setReason] = useState("");
  const revoke = useAct(() => ask(api.POST("/v1/certificates/{id}/revoke", { params: { path: { id: c.id } }, body: { reason: reason.trim() } })), () => onDone("It is revoked, and on the list that is published."));
  return (
    <Dialog title={`Revoke what is for ${(c.principals ?? []).join(", ")}`} does="Revoke it" loud act={revoke} ready={reason.trim() !== ""} onClose={onClose}>
      <p className={css.form}>It is good no more where the list of what is revoked is read. A token is on no list: it is good until its end.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

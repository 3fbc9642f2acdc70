import { IconShieldLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { lasting } from "../elevate/words";
import { SafeForm } from "./SafeForm";
import { useCheckouts, useSafes, useSecrets } from "./vault";
import css from "./vault.module.css";
import { takes, thing } from "./words";

type Line = NonNullable<ReturnType<typeof useLines>>[number];

// useLines are safes with how much is in each and out of it.
function useLines() {
  const safes = useSafes();
  const secrets = useSecrets();
  const outs = useCheckouts({ limit: 1000 });
  const counted = (list: { safe: string }[] | null | undefined, of: string) => list?.filter((x) => x.safe === of).length;
  return safes.data && (safes.data.items ?? []).map((s) => ({
    ...s, secrets: counted(secrets.data?.items?.filter((x) => x.state === "live"), s.id), due: counted(secrets.data?.items?.filter((x) => x.due), s.id),
    out: counted(outs.data?.items?.filter((c) => c.state === "out"), s.id),
  }));
}

const dash = <span className="quiet">–</span>;

const columns: Column<Line>[] = [
  { id: "name", header: "Safe", cell: (s) => <div><Link to="/safes/$id" params={{ id: s.id }} className={tableClass.main}>{s.name}</Link>{s.description && <span className={tableClass.sub}>{s.description}</span>}</div> },
  { id: "owner", header: "Owner", cell: (s) => <Named of={thing(s.owner, s.names)} /> },
  { id: "takes", header: "Using it takes", cell: (s) => <div>{takes(s.terms)}<span className={tableClass.sub}>for {lasting(s.terms.most_minutes)} at most{s.sharing === "exclusive" && ", one person at a time"}</span></div> },
  { id: "secrets", header: "Secrets", numeric: true, cell: (s) => s.secrets?.toLocaleString("en-GB") ?? dash },
  { id: "out", header: "Out now", numeric: true, cell: (s) => (s.out ? s.out.toLocaleString("en-GB") : dash) },
  { id: "due", header: "Due", numeric: true, cell: (s) => (s.due ? <Mark tone="warn" bare>{s.due.toLocaleString("en-GB")}</Mark> : dash) },
];

// Safes answers where secrets lie, and who answers for them.
export function Safes() {
  const list = useList();
  const safes = useSafes();
  const lines = useLines();
  const [adding, setAdding] = useState(false);
  const [told, setTold] = useState("");
  const q = (list.text("q") ?? "").toLowerCase();
  const rows = lines?.filter((s) => q === "" || [s.name, s.description, s.names[s.owner]].join(" ").toLowerCase().includes(q));
  return (
    <Page
      title="Where do secrets lie, and who answers for them?" lead="A safe has an owner, says what using what is in it takes, and names who may. No function opens a safe: a right in it does."
      actions={safes.data && <MayButton may={safes.data.may["safe.add"]} onClick={() => setAdding(true)}>Add a safe</MayButton>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Table
        name="Safes" columns={columns} rows={rows} rowKey={(s) => s.id} list={list} total={rows?.length}
        failure={safes.error && <Failed error={safes.error} onRetry={() => void safes.refetch()} />}
        empty={q !== "" ? <Blank title="No safe fits" text="None that you may see is called so." actions={<Link to="/safes">Show all safes</Link>} /> : <Blank sign={IconShieldLock} title="There is no safe for you" text="You see the safes that you own or have a right in. Their owners give rights." />}
        tools={<SearchField list={list} label="Name, purpose or owner" />}
      />
      {adding && <SafeForm onClose={() => setAdding(false)} onDone={(words) => { setAdding(false); setTold(words); }} />}
    </Page>
  );
}

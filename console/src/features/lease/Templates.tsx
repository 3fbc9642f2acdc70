import { IconUserPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { useMe } from "../signin/me";
import { thing } from "../vault/words";
import { useTemplates, type TemplateLine } from "./lease";
import css from "./lease.module.css";
import { TemplateForm } from "./TemplateForm";
import { asking, long } from "./words";

const columns: Column<TemplateLine>[] = [
  { id: "name", header: "Template", cell: (t) => <div><Link to="/lease-templates/$id" params={{ id: t.id ?? "" }} className={tableClass.main}>{t.name}</Link>{t.description && <span className={tableClass.sub}>{t.description}</span>}</div> },
  { id: "system", header: "System", cell: (t) => <Named of={thing(t.system, t.names)} /> },
  { id: "gives", header: "Gives", cell: (t) => ((t.entitlements ?? []).length === 0 ? <span className="quiet">nothing beside signing in</span> : (t.entitlements ?? []).map((id) => t.names[id] ?? id).join(", ")) },
  { id: "lasts", header: "Lasts", cell: (t) => <div>{long(t.usual)}<span className={tableClass.sub}>{long(t.terms.most ?? 0)} at most</span></div> },
  { id: "takes", header: "Takes", cell: (t) => asking(t.terms) },
];

// Templates are what accounts for one use are made by.
export function Templates() {
  const list = useList();
  const templates = useTemplates();
  const me = useMe();
  const [adding, setAdding] = useState(false);
  const [told, setTold] = useState("");
  const may = { allowed: (me.data?.may ?? []).includes("template.change"), why: "a platform owner says what accounts are given" };
  return (
    <Page
      title="What are accounts for one use given?" lead="A template says in which system an account is made, what it may do there, for how long at most, and what having one takes." trail={[{ label: "Leases", to: "/leases" }]}
      actions={me.data && <MayButton may={may} onClick={() => setAdding(true)}>Add a template</MayButton>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Table
        name="Templates" columns={columns} rows={templates.data?.items ?? (templates.data ? [] : undefined)} rowKey={(t) => t.id ?? t.name} list={list} total={templates.data?.items?.length}
        failure={templates.error && <Failed error={templates.error} onRetry={() => void templates.refetch()} />}
        empty={<Blank sign={IconUserPlus} title="There is no template for you" text="A platform owner says what accounts are given; identity and access management says who may have one." />}
      />
      {adding && <TemplateForm onClose={() => setAdding(false)} onDone={(words) => { setAdding(false); setTold(words); }} />}
    </Page>
  );
}

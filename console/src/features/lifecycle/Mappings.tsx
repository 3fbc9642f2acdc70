import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { Mode } from "./Mode";
import { recipients, type Mapping } from "./words";

export function useSystems() {
  const query = { sort: "name", limit: 500 } as const;
  return useQuery({ queryKey: ["systems", query], queryFn: () => ask(api.GET("/v1/systems", { params: { query } })) });
}

function columns(names: Map<string, string>): Column<Mapping>[] {
  return [
    { id: "system", header: "System", cell: (m) => <div><Link to="/mappings/$system" params={{ system: m.system }} className={tableClass.main}>{names.get(m.system) ?? "a system"}</Link><span className={tableClass.sub}>{m.when ? `for whoever meets ${m.when}` : "for whoever may have something there"}</span></div> },
    { id: "mode", header: "Mode", tight: true, cell: (m) => <Mode of={m.mode} /> },
    { id: "logins", header: "Login", cell: (m) => <code>{(m.logins ?? [])[0]}</code> },
    { id: "recipient", header: "First password to", tight: true, cell: (m) => recipients.find((r) => r.value === m.recipient)?.label ?? <span className="quiet">nobody</span> },
    { id: "retention", header: "Deleted after", tight: true, cell: (m) => (m.retention_days ? `${count(m.retention_days)} days` : <span className="quiet">never</span>) },
  ];
}

// Mappings answers how people's accounts follow from who they are.
export function Mappings() {
  const list = useList();
  const go = useNavigate();
  const mappings = useQuery({ queryKey: ["mappings"], queryFn: () => ask(api.GET("/v1/mappings")) });
  const systems = useSystems();
  const names = new Map((systems.data?.items ?? []).map((s) => [s.id, s.name]));
  const mapped = new Set((mappings.data?.items ?? []).map((m) => m.system));
  const may = mappings.data?.may["mapping.change"];
  return (
    <Page title="Which accounts do people get, and what are they called?" lead="A mapping says how somebody’s account in a system follows from who they are: whether there is one, its login, and who is given its first password.">
      <Table
        name="Mappings" columns={columns(names)} rows={mappings.data?.items ?? undefined} rowKey={(m) => m.system} list={list} total={mappings.data?.total}
        failure={mappings.error && <Failed error={mappings.error} onRetry={() => void mappings.refetch()} />}
        empty={<Blank title="No system has a mapping" text="Without one nobody gets an account by itself. Choose a system to say what accounts in it are called; it observes first." />}
        tools={may?.allowed && (
          <Select
            aria-label="Give a system a mapping" placeholder="Give a system a mapping" w="16rem" searchable value={null} comboboxProps={{ shadow: "md" }}
            data={(systems.data?.items ?? []).filter((s) => !mapped.has(s.id)).map((s) => ({ value: s.id, label: s.name }))}
            onChange={(id) => id !== null && void go({ to: "/mappings/$system", params: { system: id } })}
          />
        )}
      />
    </Page>
  );
}

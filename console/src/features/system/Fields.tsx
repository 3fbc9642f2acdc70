import { Select, TextInput } from "@mantine/core";
import { PersonField, type Person } from "../access/PersonField";
import css from "./flow.module.css";
import type { Change, Shown } from "./system";
import { criticalities, dataClasses, environments, periods } from "./words";
import { clearButton } from "../../ui/clear";

interface FieldsProps {
  of: Shown;
  changes: Change; // what is typed and not kept yet
  onChange: (changes: Change) => void;
}

interface OwnersProps extends FieldsProps {
  names: Record<string, string>; // of the people who were chosen
  onName: (person: Person) => void;
}

// Owners asks who answers for a system, and what it is worth.
export function Owners({ of, changes, onChange, names, onName }: OwnersProps) {
  const chosen = (id: string | undefined, was: Person | null) => (id === undefined ? was : id === "" ? null : { id, name: names[id] ?? was?.name ?? "" });
  const choose = (field: "business_owner" | "technical_owner") => (p: Person | null) => {
    if (p) onName(p);
    onChange({ ...changes, [field]: p?.id ?? "" });
  };
  return (
    <div className={css.pair}>
      <PersonField label="Business owner" value={chosen(changes.business_owner, of.business_owner)} onChange={choose("business_owner")} />
      <PersonField label="Technical owner" value={chosen(changes.technical_owner, of.technical_owner)} onChange={choose("technical_owner")} />
    </div>
  );
}

export function Worth({ of, changes, onChange }: FieldsProps) {
  const field = (name: "environment" | "criticality" | "data_class", label: string, data: { value: string; label: string }[]) => (
    <Select
      label={label} data={data} clearable placeholder="Not known" clearButtonProps={clearButton(label)}
      value={(changes[name] ?? of[name]) || null} onChange={(value) => onChange({ ...changes, [name]: value ?? "" })}
    />
  );
  return (
    <div className={css.pair}>
      {field("environment", "Environment", environments)}
      {field("criticality", "Criticality", criticalities)}
      {field("data_class", "Data class", dataClasses)}
    </div>
  );
}

const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Plan asks how often a system is read, and in which hours.
export function Plan({ of, changes, onChange }: FieldsProps) {
  const every = changes.every ?? (of.every_set ? of.every : "");
  const known = periods.some((p) => p.value === every) ? periods : [...periods, { value: every, label: `Every ${every}` }];
  const hours = changes.hours ?? of.hours ?? "";
  const [, from, to, zone] = /^([\d:]*)-([\d:]*) ?(.*)$/.exec(hours) ?? ["", "", "", ""];
  const put = (f: string, t: string, z: string) => onChange({ ...changes, hours: f || t ? `${f}-${t} ${z || own || "UTC"}` : "" });
  return (
    <>
      <Select
        label="How often" data={known} value={every} allowDeselect={false} onChange={(value) => onChange({ ...changes, every: value ?? "" })}
        description="By itself it is read twice in the time that its worst tier allows what is known to be old"
      />
      <div className={css.pair}>
        <TextInput type="time" label="Not before" description="Empty is any hour of the day" value={from} onChange={(e) => put(e.currentTarget.value, to ?? "", zone ?? "")} />
        <TextInput type="time" label="Not after" description="An earlier hour is the next day’s" value={to} onChange={(e) => put(from ?? "", e.currentTarget.value, zone ?? "")} />
        {hours !== "" && <Select label="Time zone" description="Of these hours" searchable limit={60} data={zones} value={zone || own} allowDeselect={false} onChange={(z) => put(from ?? "", to ?? "", z ?? "")} />}
      </div>
    </>
  );
}

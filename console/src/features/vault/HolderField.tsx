import { SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { Named, type NamedThing } from "../access/Named";
import { PersonField, type Person } from "../access/PersonField";
import { PartField } from "../role/PartField";
import { useMe } from "../signin/me";

export interface Held {
  id: string;
  name: string;
}

// HolderField names whose a right is: somebody's, or of whoever holds an entitlement or has a
// role.
export function HolderField({ value, onChange }: { value: Held | null; onChange: (holder: Held | null) => void }) {
  const [whose, setWhose] = useState("person");
  const [part, setPart] = useState<NamedThing>();
  const choose = (v: string) => { setWhose(v); setPart(undefined); onChange(null); };
  return (
    <>
      <SegmentedControl aria-label="Whose right" value={whose} onChange={choose} data={[{ value: "person", label: "Somebody’s" }, { value: "part", label: "Whoever holds something" }]} fullWidth />
      {whose === "person" ? <Whom value={value} onChange={onChange} /> : (
        <>
          <PartField onAdd={(p) => { setPart(p); onChange(p); }} />
          {part && <p>Whoever {part.type === "role" ? "has the role" : "holds"} <strong>{part.name}</strong>, for as long as they do.</p>}
        </>
      )}
    </>
  );
}

export function Holder({ of }: { of: NamedThing }) {
  return of.type === "identity" ? <Named of={of} /> : <><span className="quiet">whoever {of.type === "role" ? "has the role" : "holds"}</span> <Named of={of} /></>;
}

// Whom names somebody: by their name, or by the id that they tell where whoever asks may not
// search people.
function Whom({ value, onChange }: { value: Person | null; onChange: (p: Person | null) => void }) {
  const me = useMe();
  if ((me.data?.may ?? []).includes("identity.read")) return <PersonField label="Who" value={value} onChange={onChange} />;
  return (
    <TextInput
      label="Who" required placeholder="idn_0000000000001" spellCheck={false} description="Their id, which each finds below My access, What is known. You may not search people." value={value?.id ?? ""}
      onChange={(e) => { const id = e.currentTarget.value.trim(); onChange(id === "" ? null : { id, name: id }); }}
    />
  );
}

import { ActionIcon, Button, Select, TagsInput, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { Named } from "../access/Named";
import { SourceField } from "../access/SourceField";
import { keyOf, renamed, without, type Typed } from "./draft";
import { PartField } from "./PartField";
import type { Parameter, Part } from "./role";
import css from "./role.module.css";

interface ContentsProps {
  of: Typed;
  self?: string;
  onChange: (t: Typed) => void;
}

// Contents is what a role gives, to all who have it or for some values only.
export function Contents({ of, self, onChange }: ContentsProps) {
  const set = (parts: Part[]) => onChange({ ...of, parts });
  const add = (part: Part["part"]) => {
    const next: Part = { part };
    if (!of.parts.some((p) => keyOf(p) === keyOf(next))) set([...of.parts, next]);
  };
  const named = of.parameters.filter((p) => p.name !== "" && (p.values ?? []).length > 0);
  return (
    <div className={css.column}>
      <PartField self={self} onAdd={add} />
      {of.parts.length === 0 && <p className="quiet">It contains nothing yet.</p>}
      {of.parts.length > 0 && <ul className={css.parts} aria-label="Parts">
        {of.parts.map((p, i) => (
          <li key={`${p.part.id}-${i}`}>
            <span className={css.partName}><Named of={p.part} />{p.part.type === "role" && <span className="quiet"> role</span>}</span>
            {named.length > 0 && (
              <span className={css.when}>
                {named.map((q) => (
                  <Select
                    key={q.name} size="xs" w="9.5rem" aria-label={`${p.part.name} for which ${q.name}`} data={[{ value: "", label: `every ${q.name}` }, ...(q.values ?? []).map((v) => ({ value: v, label: v }))]}
                    allowDeselect={false} value={p.when?.[q.name] ?? ""}
                    onChange={(v) => set(of.parts.map((each, j) => (j === i ? { ...each, when: v ? { ...each.when, [q.name]: v } : Object.fromEntries(Object.entries(each.when ?? {}).filter(([n]) => n !== q.name)) } : each)))}
                  />
                ))}
              </span>
            )}
            <ActionIcon variant="subtle" color="gray" aria-label={`Take out ${p.part.name}`} onClick={() => set(of.parts.filter((_, j) => j !== i))}><IconTrash size={16} /></ActionIcon>
          </li>
        ))}
      </ul>}
    </div>
  );
}

// Parameters are what an assignment of the role has to say.
export function Parameters({ of, onChange }: ContentsProps) {
  const set = (i: number, changes: Partial<Parameter>) => onChange({ ...of, parameters: of.parameters.map((p, j) => (j === i ? { ...p, ...changes } : p)) });
  return (
    <div className={css.column}>
      {of.parameters.map((p, i) => (
        <div key={i} className={css.parameter}>
          <TextInput label="Name" placeholder="region" maxLength={40} value={p.name} onChange={(e) => onChange(renamed(of, i, e.currentTarget.value))} />
          <TagsInput label="What it may be" placeholder="Type a value, then Enter" value={p.values ?? []} onChange={(list) => set(i, { values: list })} />
          <div className={css.source}>
            <SourceField
              label={`Where birthright rules take ${p.name || "it"} from`} otherwise="Each rule says" value={{ from: p.from || undefined }} onChange={(s) => set(i, { from: s.from })}
            />
          </div>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Take away ${p.name || "the parameter"}`} onClick={() => onChange(without(of, i))}><IconTrash size={16} /></ActionIcon>
        </div>
      ))}
      <div><Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={() => onChange({ ...of, parameters: [...of.parameters, { name: "", values: [] }] })}>Add a parameter</Button></div>
    </div>
  );
}

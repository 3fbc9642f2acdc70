import { ActionIcon } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { Named, type NamedThing } from "../access/Named";
import { SourceField } from "../access/SourceField";
import { sourceText, type Source } from "../access/source";
import { useRole } from "../role/role";
import css from "./lifecycle.module.css";
import { sourceOf, withSource, type Choice } from "./words";

interface ChoiceProps {
  of: Choice;
  role: NamedThing;
  onChange: (c: Choice) => void;
  onRemove: () => void;
}

// ChoiceField says of a parametric role where each of its parameters comes from.
export function ChoiceField({ of: c, role, onChange, onRemove }: ChoiceProps) {
  const shown = useRole(role.id);
  const parameters = shown.data?.data.published?.parameters ?? [];
  return (
    <fieldset className={css.choice} aria-label={`Variants of ${role.name}`}>
      <div className={css.choiceHead}>
        <span className="within-text"><Named of={role} /> <span className="quiet">in the variants that fit each person</span></span>
        <ActionIcon variant="subtle" color="gray" aria-label={`Do not give ${role.name}`} onClick={onRemove}><IconTrash size={16} /></ActionIcon>
      </div>
      {parameters.map((p) => (
        <SourceField
          key={p.name} label={`Where ${p.name} comes from`} otherwise={p.from ? `As the role says: ${sourceText({ from: p.from })}` : "Choose"}
          values={p.values ?? []} value={sourceOf(c, p.name)} onChange={(s: Source) => onChange(withSource(c, p.name, s))}
        />
      ))}
    </fieldset>
  );
}

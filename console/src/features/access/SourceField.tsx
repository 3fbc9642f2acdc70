import { Select, TextInput } from "@mantine/core";
import { attributeWords, ofSource, type Source } from "./source";

interface SourceFieldProps {
  label: string;
  description?: string;
  otherwise: string; // what it is where nothing is chosen
  values?: string[]; // that may be the same for everybody
  value: Source;
  onChange: (source: Source) => void;
}

// SourceField says where the value of a role's parameter comes from: from what is known of
// each person, or the same for everybody.
export function SourceField({ label, description, otherwise, values = [], value, onChange }: SourceFieldProps) {
  const named = value.from?.startsWith(ofSource) ?? false;
  const chosen = value.value !== undefined ? `=${value.value}` : named ? ofSource : (value.from ?? "");
  return (
    <>
      <Select
        label={label} description={description} allowDeselect={false} value={chosen}
        data={[
          { value: "", label: otherwise },
          { group: "From what is known of each person", items: [{ value: ofSource, label: "An attribute of the sources" }, ...Object.entries(attributeWords).map(([v, l]) => ({ value: v, label: l }))] },
          ...(values.length > 0 ? [{ group: "The same for everybody", items: values.map((v) => ({ value: `=${v}`, label: v })) }] : []),
        ]}
        onChange={(v) => onChange(!v ? {} : v.startsWith("=") ? { value: v.slice(1) } : { from: v })}
      />
      {named && (
        <TextInput
          label="Which attribute" placeholder="region" required maxLength={80} spellCheck={false} inputWrapperOrder={["label", "input", "description", "error"]} description="As the source calls it. Semicolons in it separate several values."
          value={value.from?.slice(ofSource.length) ?? ""} onChange={(e) => onChange({ from: ofSource + e.currentTarget.value })}
        />
      )}
    </>
  );
}

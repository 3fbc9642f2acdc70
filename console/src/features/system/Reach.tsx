import { Alert, Anchor, Radio, Select, Stack, TextInput, Textarea } from "@mantine/core";
import css from "./flow.module.css";
import type { Kind } from "./system";
import { prefixOf } from "./words";

// Where is how a system is reached, as it is typed.
export interface Where {
  address: string;
  options: Record<string, string>; // a family has its lines under its own name
  credential: "keep" | "secret" | "named" | "none";
  named: string;
  secret: string;
}

interface ReachProps {
  kind: Kind;
  value: Where;
  kept?: string; // how the credential is kept that is there
  onChange: (changes: Partial<Where>) => void;
}

// Reach asks what a kind of system has to be told: the fields are the kind's own.
export function Reach({ kind, value, kept, onChange }: ReachProps) {
  const options = kind.options ?? [];
  const field = (o: Option) => <OptionField key={o.name} of={o} value={value.options[o.name] ?? ""} onChange={(text) => onChange({ options: { ...value.options, [o.name]: text } })} />;
  const needed = options.filter((o) => o.required);
  const more = options.filter((o) => !o.required);
  return (
    <>
      <Address kind={kind} value={value} onChange={onChange} />
      {needed.map(field)}
      {!kind.address_declared && <Credential kind={kind} value={value} kept={kept} onChange={onChange} />}
      {more.length > 0 && (
        <details className={css.more}>
          <summary>{more.length === 1 ? "One more setting" : `${more.length} more settings`}, each with a default</summary>
          <div>{more.map(field)}</div>
        </details>
      )}
      <p className="quiet">Which account to make on the system, what is read and what is not: <Anchor href={kind.manual} target="_blank" inherit>{kind.title} in the manual</Anchor>.</p>
    </>
  );
}

function Address({ kind, value, onChange }: ReachProps) {
  if (!kind.address_declared) {
    return (
      <TextInput
        label="Address" required description="A URL without a password" placeholder={kind.address} value={value.address} spellCheck={false}
        onChange={(e) => onChange({ address: e.currentTarget.value })}
      />
    );
  }
  const paths = kind.paths ?? [];
  if (paths.length === 0) {
    return (
      <Alert color="yellow" variant="light" title="No folder may be read yet">
        Files are read from folders that this node’s configuration names under <code>paths</code>; no path is typed here. Ask whoever runs Writ to name one, as the manual shows.
      </Alert>
    );
  }
  const known = value.address === "" || paths.includes(value.address) ? paths : [value.address, ...paths];
  return <Select label="Folder" required description="One that this node’s configuration names under paths" data={known} value={value.address || null} onChange={(address) => onChange({ address: address ?? "" })} />;
}

type Option = NonNullable<Kind["options"]>[number];

function OptionField({ of, value, onChange }: { of: Option; value: string; onChange: (text: string) => void }) {
  const help = of.help.charAt(0).toUpperCase() + of.help.slice(1);
  if (of.family) {
    return <Textarea label={prefixOf(of.name).replace(/\.$/, "")} description={`${help}. One a line, as ${of.name}=VALUE`} autosize minRows={2} value={value} spellCheck={false} onChange={(e) => onChange(e.currentTarget.value)} />;
  }
  const props = { label: of.name, description: help, required: of.required, placeholder: of.default, value, spellCheck: false };
  return of.text
    ? <Textarea {...props} autosize minRows={1} maxRows={8} onChange={(e) => onChange(e.currentTarget.value)} />
    : <TextInput {...props} onChange={(e) => onChange(e.currentTarget.value)} />;
}

function Credential({ kind, value, kept, onChange }: ReachProps) {
  const named = kind.credentials ?? [];
  const choose = (name: string | null) => {
    const c = named.find((each) => each.name === name);
    onChange(c ? { named: c.name, address: c.address, options: { ...value.options, ...c.options } } : { named: "" });
  };
  return (
    <Stack gap="sm">
      <Radio.Group label="What Writ signs in with" value={value.credential} onChange={(credential) => onChange({ credential: credential as Where["credential"] })}>
        <Stack gap={6} mt={6}>
          {kept && <Radio value="keep" label={kept} />}
          <Radio value="secret" label="A password or key that I give now" description="It is sealed under this node’s key, goes to this address alone, and is never shown again" />
          {named.length > 0 && <Radio value="named" label="One that this node’s configuration names" description="It stays where it is kept, and goes to the address that it is declared for" />}
          <Radio value="none" label="Nothing: the system lets it in as it is" />
        </Stack>
      </Radio.Group>
      {value.credential === "secret" && (
        <Textarea
          label="Password or key" required autosize minRows={1} maxRows={6} value={value.secret} spellCheck={false} autoComplete="off" className={css.secret}
          onChange={(e) => onChange({ secret: e.currentTarget.value })}
        />
      )}
      {value.credential === "named" && <Select label="Which" required data={named.map((c) => ({ value: c.name, label: `${c.name}, for ${c.address}` }))} value={value.named || null} onChange={choose} />}
    </Stack>
  );
}

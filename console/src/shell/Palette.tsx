import { Modal } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowRight, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useState, type KeyboardEvent } from "react";
import { api, ask } from "../client/client";
import { hitNote, hitPlace, hitSign } from "../features/search/hit";
import { useMe } from "../features/signin/me";
import { placesFor } from "./nav";
import css from "./palette.module.css";

interface Option {
  key: string;
  label: string;
  note?: string;
  sign: typeof IconSearch;
  go: () => void;
}

// Palette goes anywhere and finds anything from the keyboard (a combobox with a list,
// as the ARIA practices write it).
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const options = useOptions(text, onClose);
  const at = Math.min(chosen, options.length - 1);

  const onKey = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const step = e.key === "ArrowDown" ? 1 : -1;
      const next = (at + step + options.length) % Math.max(options.length, 1);
      setChosen(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (e.key === "Enter") {
      e.preventDefault();
      options[at]?.go();
    }
  };

  return (
    <Modal opened onClose={onClose} withCloseButton={false} padding={0} size="36rem" yOffset="12vh" centered={false} attributes={{ content: { "aria-label": "Search and commands" } }}>
      <div className={css.field}>
        <IconSearch size={18} aria-hidden />
        <input
          data-autofocus className={css.input} value={text} placeholder="A name, a page, or kind:service owner:none tier:0"
          role="combobox" aria-label="Search and commands" aria-expanded="true" aria-controls={id} aria-autocomplete="list"
          aria-activedescendant={options.length > 0 ? `${id}-${at}` : undefined} spellCheck={false}
          onChange={(e) => { setText(e.currentTarget.value); setChosen(0); }} onKeyDown={onKey}
        />
      </div>
      <ul className={css.list} id={id} role="listbox" aria-label="What was found">
        {options.map((option, i) => (
          // The keyboard is the field's: it moves the choice and takes it.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li key={option.key} id={`${id}-${i}`} role="option" aria-selected={i === at} className={css.option} onClick={option.go} onMouseMove={() => setChosen(i)}>
            <option.sign size={17} stroke={1.7} aria-hidden />
            <span className={css.label}>{option.label}</span>
            {option.note && <span className={css.note}>{option.note}</span>}
          </li>
        ))}
      </ul>
      {options.length === 0 && <p className={css.nothing}>Nothing is called that. Names may be misspelt a little; words with a colon narrow.</p>}
      <p className={css.help} aria-hidden="true"><span>↑ ↓ choose</span><span>Enter go</span><span>Esc close</span></p>
    </Modal>
  );
}

function useOptions(text: string, onClose: () => void): Option[] {
  const go = useNavigate();
  const me = useMe();
  const q = text.trim();
  const [late] = useDebouncedValue(q, 120);
  const found = useQuery({
    queryKey: ["search", late, "palette"],
    queryFn: () => ask(api.GET("/v1/search", { params: { query: { q: late, limit: 8 } } })),
    enabled: late.length >= 2, placeholderData: (before) => before, retry: false,
  });
  const leave = (to: string, search?: Record<string, string>) => () => {
    onClose();
    void go({ to, search: search as never });
  };
  const pages = placesFor(me.data?.may).flatMap((g) => g.places)
    .filter((p) => q === "" || `${p.label} ${p.keywords ?? ""}`.toLowerCase().includes(q.toLowerCase()))
    .map((p) => ({ key: p.to, label: p.label, note: "Page", sign: p.sign, go: leave(p.to) }));
  if (q.length < 2) return pages;
  const hits = (found.data?.items ?? []).map((hit) => ({
    key: hit.id, label: hit.name, note: hitNote(hit), sign: hitSign(hit.type), go: leave(hitPlace(hit)),
  }));
  return [...hits, ...pages, { key: "all", label: `Search for “${q}”`, note: "Everything", sign: IconArrowRight, go: leave("/search", { q }) }];
}

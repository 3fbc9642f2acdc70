import { Menu, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { IconCheck, IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";

const schemes: { value: MantineColorScheme; label: string; sign: typeof IconSun }[] = [
  { value: "auto", label: "As the system", sign: IconDeviceDesktop },
  { value: "light", label: "Light", sign: IconSun },
  { value: "dark", label: "Dark", sign: IconMoon },
];

export function Scheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <Menu.Label>Appearance</Menu.Label>
      {schemes.map(({ value, label, sign: Icon }) => (
        <Menu.Item
          key={value} role="menuitemradio" aria-checked={colorScheme === value} closeMenuOnClick={false}
          leftSection={<Icon size={15} aria-hidden />} rightSection={colorScheme === value && <IconCheck size={15} aria-hidden />}
          onClick={() => setColorScheme(value)}
        >
          {label}
        </Menu.Item>
      ))}
    </>
  );
}

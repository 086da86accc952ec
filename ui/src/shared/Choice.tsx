import { Input, SegmentedControl } from "@mantine/core";
import { useId } from "react";

/** A field that takes one of a few values, all of them in sight. */
export function Choice<Value extends string>({
  label,
  description,
  required = false,
  data,
  value,
  onChange,
}: {
  label: string;
  /** Stands below, and may say what the value means that is chosen. */
  description: string;
  required?: boolean;
  data: { value: Value; label: string }[];
  value: Value;
  onChange: (value: Value) => void;
}) {
  const id = useId();
  return (
    <div>
      <Input.Label component="div" id={id} required={required} mb={4}>
        {label}
      </Input.Label>
      <SegmentedControl
        fullWidth
        aria-labelledby={id}
        data={data}
        value={value}
        onChange={onChange}
        styles={{ label: { paddingInline: 4, minHeight: 36, alignContent: "center" } }}
      />
      <Input.Description mt={5}>{description}</Input.Description>
    </div>
  );
}

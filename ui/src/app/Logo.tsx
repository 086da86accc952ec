/** The bell of the platform. */
export function Logo({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="#2f5fc0" />
      <path
        d="M16 6.5a6.5 6.5 0 0 0-6.5 6.5c0 5.2-2 7-2.7 8.1-.4.7 0 1.4.8 1.4h16.8c.8 0 1.2-.7.8-1.4-.7-1.1-2.7-2.9-2.7-8.1A6.5 6.5 0 0 0 16 6.5z"
        fill="#fff"
      />
      <path d="M13.3 24.3a2.8 2.8 0 0 0 5.4 0z" fill="#fff" />
    </svg>
  );
}

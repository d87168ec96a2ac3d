/** Which of the frame's dialogs is open. */
export const frame = $state({ palette: false, shortcuts: false, more: false })

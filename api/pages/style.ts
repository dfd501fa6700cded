/** The look of all pages. */
export const PAGE_CSS = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
nav { border-bottom: 1px solid #8888; margin-bottom: 1rem; padding-bottom: .5rem; }
nav a { margin-right: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left; vertical-align: top; }
dt { font-weight: 600; margin-top: .6rem; }
dd { margin-left: 0; }
pre { background: #8881; overflow-x: auto; padding: .6rem; }
fieldset { border: 1px solid #8888; margin: 1rem 0; }
label { display: block; margin: .4rem 0; }
input, textarea { box-sizing: border-box; font: 14px ui-monospace, monospace; width: 100%; }
#swagger { background: #fff; color-scheme: light; }
`;

// Draws the figures, and redraws them for the dark, for the light and for paper.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const LIGHT = { ink: "#1c2024", grid: "#e8e8ec", label: "#ffffff", edge: "#c8c9d0" };
  const DARK = { ink: "#edeef0", grid: "#2b2d31", label: "#1a1b1e", edge: "#4b4f56" };
  const PAPER = { width: 680, height: 620, font: 9 };
  // plotly.js offers by default to send what it draws to a server.
  const config = { responsive: true, displaylogo: false, showSendToCloud: false, plotlyServerURL: "" };

  const axes = (layout) => Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));

  const colours = (layout, theme) => ({
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    "font.color": theme.ink,
    "hoverlabel.bgcolor": theme.label,
    "hoverlabel.bordercolor": theme.edge,
    "modebar.bgcolor": "rgba(0,0,0,0)",
    "modebar.color": theme.edge,
    "modebar.activecolor": theme.ink,
    ...Object.fromEntries(axes(layout).flatMap((axis) => [
      [`${axis}.gridcolor`, theme.grid],
      [`${axis}.zerolinecolor`, theme.edge],
      [`${axis}.spikecolor`, theme.edge],
    ])),
  });

  const onScreen = ({ height }) => ({ width: null, height, autosize: true, "font.size": 12 });
  // A page holds the plots of the link below the head, and two small plots beside each other.
  const onPaper = ({ height }) => ({
    width: height < 300 ? PAPER.width / 2 - 30 : PAPER.width,
    height: Math.min(height, PAPER.height),
    autosize: false,
    "font.size": PAPER.font,
  });

  const repaint = (theme, size) => {
    for (const [name, { layout }] of Object.entries(figures)) {
      Plotly.relayout(name, { ...colours(layout, theme), ...size(layout) });
    }
  };
  const screen = () => repaint(dark.matches ? DARK : LIGHT, onScreen);

  for (const [name, figure] of Object.entries(figures)) {
    figure.layout.font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
    Plotly.newPlot(name, figure.data, { ...figure.layout }, config);
  }
  screen();
  dark.addEventListener("change", screen);
  addEventListener("beforeprint", () => repaint(LIGHT, onPaper));
  addEventListener("afterprint", screen);
})();

/** Of this Vectron: `vectron --version`, and the metric `vectron_build_info`. */
export const VERSION = '0.1.0';

export declare function bundleIsFresh(root: string): boolean;

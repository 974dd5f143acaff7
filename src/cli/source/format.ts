/** The text formats that are read here. */
export type Format = 'text' | 'openmetrics'

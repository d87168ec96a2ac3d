/** Every page is a file that any static host can serve; what it shows lives in the browser, so nothing is rendered beforehand. */
export const prerender = true
export const ssr = false
export const trailingSlash = 'always'

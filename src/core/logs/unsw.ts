/** UNSW-NB15 as its authors published it first: four files of 49 columns without a header line (NUSW-NB15_features.csv names them). */
import type { DelimitedTable } from './delimited.ts'
import { protocolNumber } from './protocol.ts'

const RAW_COLUMNS =
  'srcip,sport,dstip,dsport,proto,state,dur,sbytes,dbytes,sttl,dttl,sloss,dloss,service,Sload,Dload,Spkts,Dpkts,swin,dwin,stcpb,dtcpb,smeansz,dmeansz,trans_depth,res_bdy_len,Sjit,Djit,Stime,Ltime,Sintpkt,Dintpkt,tcprtt,synack,ackdat,is_sm_ips_ports,ct_state_ttl,ct_flw_http_mthd,is_ftp_login,ct_ftp_cmd,ct_srv_src,ct_srv_dst,ct_dst_ltm,ct_src_ltm,ct_src_dport_ltm,ct_dst_sport_ltm,ct_dst_src_ltm,attack_cat,Label'.split(
    ',',
  )

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** The table with its names, and its first line taken for the row it is; any other table as it came. */
export function nameUnswColumns(table: DelimitedTable): DelimitedTable {
  const { columns } = table
  const isRaw =
    columns.length === RAW_COLUMNS.length &&
    IPV4.test(columns[0]!) &&
    IPV4.test(columns[2]!) &&
    protocolNumber(columns[4]!) >= 0
  return isRaw
    ? { ...table, columns: RAW_COLUMNS, sampleRows: [columns, ...table.sampleRows], headerBytes: table.preludeBytes }
    : table
}

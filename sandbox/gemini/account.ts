/**
 * The service account of the sandbox. Its key stands in the open on purpose: it opens nothing but the
 * sandbox, and a key made anew at each start would cost every start a tenth of a second.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';

const JWK = {
  kty: 'RSA',
  n: [
    'yDEcOZKSD7jR3FRK_yOpTNXr2vnf9HNvtHf0AtpJOfNJRmo5GvnxeQYeFb4FYohYRoWcjzcPS_OPhpNqyfX_-InU',
    'Z00wYeq4_IX9UaFjel0QAG1abNUA0UNJksFQIDEXf_tTbZ8XpWrTstFN8cI1zQwKnVflxAWRs74ad86tDydf2KjL',
    'IfPz6QVAe6T6onYSbd0m9QFv-UuF8htuVMC-3hDcww_sWIs0jMC8aEuzqR2oGDQSY5GRtl1Y1d14rnjzKMzzKow0',
    'UpKQ8F7Tx91JnnNQzKGZMAPE49Knfhhj7H5TDMOV6WxQOSJr_t3LDht13Ht9ZCZ9Qgqsd4VTvT_xww',
  ].join(''),
  e: 'AQAB',
  d: [
    'DeWm3XJI1HGSk_aADE0n9A8Ho_hjrR8UWpVXKZmIqs6yQAKguzgtpKahkQXTbt8jLaYZ07FRTQb36DI0oBeFMPY0',
    'egVYPfvi4pjUmIWZF8X9FeKBe_ufZmeC5H6p9sohpP9H79yy8gdD8e5ouEcwn-7dj8WpzB1M24rvYHDG_72vDOR3',
    'WyJ3xyTUAS2XTKfU96_IbUUIBmfLbIPLUbf7NSTif0M8L1Uv7QnQbTidfVW0LTkor2qQ6SztrxdjAM1mQ_xebUOk',
    '0kT8DUdWC-3A1EJNC5DQUO0xBEV8pT_6eWoju6U-H7Qx1OlKMR3iR_Ksx8Xw2nKu6XmY34TuBG9A9Q',
  ].join(''),
  p: [
    '6nVXJmbIai2hqlHi9vb2kLOXQlpTvXTByZh1MJ3S8gWJpAnzoy3_yE1flSAVU8RpJvbQYA36qE1mLU9AXaMl9-gi',
    '7jKssUkquz53sYjpXj6xm2lq3ntu-fxXdBBSGZZdIjjCdwJhD7Zf_l_GMRZ_mBv-MeiHgB4neFLfQ-q6n9U',
  ].join(''),
  q: [
    '2pXKx1TaZtaeIIfOwr-p18qa93rVA2_7RRjJON_nliT3OAogSK8frfVJYaHKsLMmB0D-h0ia6qmZveH9-A_Uyta6',
    'e7frGUERRgXkW7XyYrjL54gUGhHDhyhGnw9Ri7plcBZusPQ_3MQxzweqYyRC8mfoe1_2WxLr7x8d_8PRrzc',
  ].join(''),
  dp: [
    'pK-7gZvc1sgqsIpIVJTwaH_dlZwBCikDHenbF0UksR-2qOTcoBhlfHrs0sDweiCSg-4GPBJVqPaE-PqcCanZt6L1',
    'Nj-eEgGE5HViee_jjHGZK8MGcDRfpXTcsQftw09dJ_aakiG3r-O41eLMQhq9kUjIaqIc259Sti_v57LvV-k',
  ].join(''),
  dq: [
    'dHSByJkoksmdDW_NdGxwrItA7MEAZAhxMmr2KdsAozmmjLC4aoECu8eHBQER3_pSNGMoOCMyhfs98bBJgrPMhxTH',
    '3coq8xV7gnb5JvNU48vYts4FB66XIZcPqQacR3lTOdh5uMUokRHmB4rp-FAFauh5L-H8eqEmGgvWC8HkIRk',
  ].join(''),
  qi: [
    't99ZZewNDsfqU2ULSAO5UYBgdLNiqvdlKUH2gd_cNac_PEGhn8oKFKj46lw9Rfso_C-v4qZSWA1fM4g7li0lZAg3',
    'VfXPNKRclgHSudoNk6tdfq7biTYBU8xxrVy3GEu31HFfRDdeweUT_eztlXTD5b-tX046OL5s97CZV-MOVYo',
  ].join(''),
};

export const ACCOUNT_EMAIL = 'sandbox@sandbox-project.iam.gserviceaccount.com';
export const ACCOUNT_KEY_ID = '5a4db0c5';
const PRIVATE = createPrivateKey({ key: JWK, format: 'jwk' });
/** Verifies what the account signed. */
export const ACCOUNT_PUBLIC = createPublicKey(PRIVATE);

/** The key file that a client is given, as Google writes it. */
export function accountFile(url: string): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'sandbox-project',
    private_key_id: ACCOUNT_KEY_ID,
    private_key: PRIVATE.export({ type: 'pkcs8', format: 'pem' }),
    client_email: ACCOUNT_EMAIL,
    client_id: '100000000000000000000',
    token_uri: `${url}/vertex/token`,
  });
}

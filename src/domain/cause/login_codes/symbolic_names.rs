//! Microsoft's symbolic names of the codes that no token request is known to meet, in case one does.

/// Sorted by code; codes of Microsoft's list without a name are left out.
#[rustfmt::skip]
pub(super) const NAMES: &[(u32, &str)] = &[
    (16_001, "UserAccountSelectionInvalid"), (16_002, "AppSessionSelectionInvalid"),
    (17_003, "CredentialKeyProvisioningFailed"), (20_001, "WsFedSignInResponseError"),
    (20_012, "WsFedMessageInvalid"), (20_033, "FedMetadataInvalidTenantName"),
    (40_015, "OAuth2IdPAuthCodeRedemptionUserError"), (50_007, "PartnerEncryptionCertificateMissing"),
    (50_008, "InvalidSamlToken"), (50_010, "AudienceUriValidationFailed"), (50_011, "InvalidReplyTo"),
    (50_017, "CertificateValidationFailed"), (50_049, "NoSuchInstanceForDiscovery"),
    (50_050, "MalformedDiscoveryRequest"), (50_061, "SignoutInvalidRequest"),
    (50_068, "SignoutInitiatorNotParticipant"), (50_070, "SignoutUnknownSessionIdentifier"),
    (50_071, "SignoutMessageExpired"), (50_099, "PKeyAuthInvalidJwtUnauthorized"), (50_136, "RedirectMsaSessionToApp"),
    (50_140, "KmsiInterrupt"), (50_147, "MissingCodeChallenge"), (50_168, "ChromeBrowserSsoInterruptRequired"),
    (50_169, "InvalidRequestBadRealm"), (50_180, "WindowsIntegratedAuthMissing"), (50_199, "CmsiInterrupt"),
    (51_001, "DomainHintMustbePresent"), (52_004, "DelegationDoesNotExistForLinkedIn"),
    (67_003, "ActorNotValidServiceIdentity"), (70_004, "InvalidRedirectUri"), (70_005, "UnsupportedResponseType"),
    (70_007, "UnsupportedResponseMode"), (75_001, "BindingSerializationError"), (75_003, "UnsupportedBindingError"),
    (75_005, "Saml2MessageInvalid"), (75_008, "RequestDeniedError"), (75_011, "NoMatchedAuthnContextInOutputClaims"),
    (75_016, "Saml2AuthenticationRequestInvalidNameIDPolicy"), (76_021, "ApplicationRequiresSignedRequests"),
    (76_026, "RequestIssueTimeExpired"), (81_004, "DesktopSsoIdentityInTicketIsNotAuthenticated"),
    (81_005, "DesktopSsoAuthenticationPackageNotSupported"), (81_006, "DesktopSsoNoAuthorizationHeader"),
    (81_007, "DesktopSsoTenantIsNotOptIn"), (81_009, "DesktopSsoAuthorizationHeaderValueWithBadFormat"),
    (81_010, "DesktopSsoAuthTokenInvalid"), (81_011, "DesktopSsoLookupUserBySidFailed"),
    (81_012, "DesktopSsoMismatchBetweenTokenUpnAndChosenUpn"), (90_005, "InvalidRequestWithMultipleRequirements"),
    (90_007, "InvalidSessionId"), (90_008, "TokenForItselfRequiresGraphPermission"),
    (90_009, "TokenForItselfMissingIdenticalAppIdentifier"), (90_015, "QueryStringTooLong"),
    (90_043, "NationalCloudAuthCodeRedirection"), (90_056, "BadResourceRequest"),
    (90_081, "OrgIdWsFederationMessageInvalid"), (90_082, "OrgIdWsFederationNotSupported"),
    (90_084, "OrgIdWsFederationGuestNotAllowed"), (90_085, "OrgIdWsFederationSltRedemptionFailed"),
    (90_086, "OrgIdWsTrustDaTokenExpired"), (90_087, "OrgIdWsFederationMessageCreationFromUriFailed"),
    (90_102, "InvalidUriParameter"), (90_114, "InvalidExpiryDate"), (90_119, "InvalidUserCode"),
    (90_125, "DebugModeEnrollTenantNotFound"), (90_126, "DebugModeEnrollTenantNotInferred"),
    (120_000, "PasswordChangeIncorrectCurrentPassword"), (120_002, "PasswordChangeInvalidNewPasswordWeak"),
    (120_003, "PasswordChangeInvalidNewPasswordContainsMemberName"), (120_004, "PasswordChangeOnPremComplexity"),
    (120_005, "PasswordChangeOnPremSuccessCloudFail"), (120_008, "PasswordChangeAsyncJobStateTerminated"),
    (120_011, "PasswordChangeAsyncUpnInferenceFailed"), (120_012, "PasswordChangeNeedsToHappenOnPrem"),
    (120_013, "PasswordChangeOnPremisesConnectivityFailure"),
    (120_014, "PasswordChangeOnPremUserAccountLockedOutOrDisabled"), (120_015, "PasswordChangeADAdminActionRequired"),
    (120_016, "PasswordChangeUserNotFoundBySspr"), (120_018, "PasswordChangePasswordDoesnotComplyFuzzyPolicy"),
    (120_020, "PasswordChangeFailure"), (120_021, "PartnerServiceSsprInternalServiceError"),
    (130_004, "NgcKeyNotFound"), (130_005, "NgcInvalidSignature"), (130_006, "NgcTransportKeyNotFound"),
    (130_007, "NgcDeviceIsDisabled"), (130_008, "NgcDeviceIsNotFound"), (135_010, "KeyNotFound"),
    (140_000, "InvalidRequestNonce"), (140_001, "InvalidSessionKey"),
    (160_021, "AppSessionSelectionInvalidSessionNotExist"), (165_900, "InvalidApiRequest"),
    (220_450, "UnsupportedAndroidWebViewVersion"), (220_501, "InvalidCrlDownload"),
    (221_000, "DeviceOnlyTokensNotSupportedByResource"), (240_001, "BulkAADJTokenUnauthorized"),
    (240_002, "RequiredClaimIsMissing"), (501_491, "InvalidCodeChallengeMethodInvalidSize"),
    (700_005, "InvalidGrantRedeemAgainstWrongTenant"), (700_022, "InvalidMultipleResourcesScope"),
    (700_229, "ForbiddenTokenType"), (900_236, "InvalidRequestSamlPropertyUnsupported"),
    (1_000_000, "UserNotBoundError"), (1_000_002, "BindCompleteInterruptError"),
    (5_000_819, "InvalidSamlTokenEmailMissingOrInvalid"),
];

pub(in crate::domain::cause) fn symbolic_name(code: u32) -> Option<&'static str> {
    let index = NAMES.binary_search_by_key(&code, |(code, _)| *code).ok()?;
    Some(NAMES[index].1)
}

using System.ComponentModel.DataAnnotations;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Registry;

/// <summary><c>Stip:Api</c>.</summary>
internal sealed class ApiOptions
{
    public const string Section = "Stip:Api";

    /// <summary>Packages, uploads and the key store; relative paths start at the working directory.</summary>
    [Required]
    public string DataDirectory { get; set; } = "data/api";

    /// <summary>An admin key that is stored at the first start; without it one is made and printed once.</summary>
    [DataType(DataType.Password)]
    [MinLength(16, ErrorMessage = "shorter than 16 characters")]
    [MaxLength(ApiKeyValue.MostCharacters, ErrorMessage = "longer than 512 characters")]
    [RegularExpression(
        @"[^\s\p{C}][^\p{C}]*[^\s\p{C}]",
        ErrorMessage = "begins or ends with white space, or has a line end or another character of control in it")]
    public string? BootstrapKey { get; set; }

    /// <summary>True compares the files of a stored package with its digests before it is first loaded.</summary>
    public bool CheckFiles { get; set; } = true;

    /// <summary>Largest file that is taken up.</summary>
    [Range(1, long.MaxValue)]
    public long MaxFileBytes { get; set; } = 256L << 30;

    /// <summary>Largest part of an upload.</summary>
    [Range(1, int.MaxValue)]
    public long MaxPartBytes { get; set; } = 64L << 20;

    /// <summary>Uploads that one key may have pending or waiting for registration.</summary>
    [Range(1, 1_000_000)]
    public int MaxUploads { get; set; } = 1000;

    /// <summary>Hours after which an untouched upload is removed.</summary>
    [Range(1, 8760)]
    public int UploadHours { get; set; } = 24;
}

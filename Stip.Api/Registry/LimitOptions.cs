using System.ComponentModel.DataAnnotations;

namespace Stip.Api.Registry;

/// <summary><c>Stip:Api:Limits</c>: what one key may take, where the key does not say otherwise, and how slow a client
/// may be. 0 means no limit.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Stip:Api:Limits";

    /// <summary>Requests and steps; a second's worth may come at once.</summary>
    [Range(0, 100_000_000)]
    public int RequestsPerSecond { get; set; } = 20_000;

    /// <summary>Rows of steps; ten seconds' worth may come at once.</summary>
    [Range(0, 100_000_000)]
    public int TokensPerSecond { get; set; } = 100_000;

    /// <summary>Requests under way and open WebSockets.</summary>
    [Range(0, 1_000_000)]
    public int Concurrent { get; set; } = 2048;

    /// <summary>Sessions held over all models.</summary>
    [Range(0, 1_000_000)]
    public int Sessions { get; set; } = 1024;

    /// <summary>A body that comes, or an answer that is taken, more slowly than this is ended.</summary>
    [Range(1, 1_000_000_000)]
    public int MinBytesPerSecond { get; set; } = 240;

    /// <summary>Seconds before <see cref="MinBytesPerSecond"/> counts.</summary>
    [Range(2, 600)]
    public int GraceSeconds { get; set; } = 5;

    /// <summary>Seconds in which an answer must be taken, from its first byte on. The largest one, 256 MB, needs a line
    /// of 1 MB a second for it.</summary>
    [Range(0, 86_400)]
    public int AnswerSeconds { get; set; } = 300;

    /// <summary>Seconds in which the headers of a request must be here.</summary>
    [Range(1, 600)]
    public int HeaderSeconds { get; set; } = 15;
}

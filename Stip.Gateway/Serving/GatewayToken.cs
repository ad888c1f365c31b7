using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Stip.Gateway.OpenAi;
using Stip.Gateway.Terminal;
using Stip.Protocol.Errors;

namespace Stip.Gateway.Serving;

/// <summary>
/// What tells the user of this gateway from other users of the machine, who reach the loopback address as well. It
/// comes as the API key of a request.
/// </summary>
internal sealed class GatewayToken
{
    /// <summary>Names the token, so that it is the same at every start.</summary>
    public const string Variable = "STIP_GATEWAY_TOKEN";

    private const int RandomBytes = 32;
    private const int FewestCharacters = 16;
    private const string Scheme = "Bearer ";

    private readonly byte[] _hash;

    private GatewayToken(string value, bool isRequired, bool isOfRun) =>
        (Value, _hash, IsRequired, IsOfRun) =
            (value, SHA256.HashData(Encoding.UTF8.GetBytes(value)), isRequired, isOfRun);

    /// <summary>Secret; one of a run is printed once at the start.</summary>
    public string Value { get; }

    /// <summary>False for a token that lasts: whoever named it knows it, and logs are kept.</summary>
    public bool IsOfRun { get; }

    /// <summary>Whether every request needs it, or only those that would learn what the client folder tells.</summary>
    public bool IsRequired { get; }

    /// <summary>One for this run.</summary>
    public static GatewayToken New(bool isRequired = false) =>
        new(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)), isRequired, isOfRun: true);

    /// <summary>The one that <see cref="Variable"/> names, or one for this run.</summary>
    /// <exception cref="RefusedException">It is short, or has characters that a header cannot carry.</exception>
    public static GatewayToken OfEnvironment(bool isRequired)
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } value)
        {
            return New(isRequired);
        }

        return value.Length >= FewestCharacters && value.All(c => c is > ' ' and <= '~')
            ? new GatewayToken(value, isRequired, isOfRun: false)
            : throw new RefusedException(
                $"{Variable} has {value.Length} characters: at least {FewestCharacters}, without spaces");
    }

    /// <summary>Refuses a request without the token.</summary>
    /// <param name="request">Judged by its API key.</param>
    /// <param name="what">What it would need the token for.</param>
    public void Demand(HttpRequest request, string what)
    {
        if (!IsOf(request))
        {
            throw new OpenAiException(
                StatusCodes.Status401Unauthorized,
                StipErrorCode.InvalidApiKey.Name(),
                $"{what} needs the token that serve printed at its start, as API key");
        }
    }

    /// <summary>Without the token.</summary>
    public override string ToString() => nameof(GatewayToken);

    private bool IsOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), _hash);
    }
}

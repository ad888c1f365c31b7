using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Registry;

/// <summary>What is said of models that are not here: until a start has judged every package they may be among the
/// rest.</summary>
internal static class NotHere
{
    public static Refusal Model(bool isWhole, string message, string param) => isWhole
        ? new Refusal(StipErrorCode.ModelNotFound, message, param)
        : StillLoading(param);

    public static Refusal TooLarge(bool isWhole, long most) => isWhole
        ? new Refusal(
            StipErrorCode.PayloadTooLarge,
            $"the body is larger than the {most} bytes that any model of this key could use")
        : StillLoading("model");

    private static Refusal StillLoading(string param) => new(
        StipErrorCode.ServerOverloaded, "the server has just started and still takes up its packages", param,
        TimeSpan.FromSeconds(1));
}

using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>Answers as every endpoint gives them.</summary>
internal static class Answer
{
    public static IResult Json<T>(T value) => Results.Json(value, StipJson.Wire);

    /// <summary>The value in the contract's form, or the refusal.</summary>
    public static IResult Of<T, TObject>(Outcome<T> outcome, Func<T, TObject> toObject) =>
        outcome.Is(out var value, out var refusal) ? Json(toObject(value)) : new ErrorAnswer(refusal);
}

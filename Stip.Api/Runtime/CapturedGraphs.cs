using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>ONNX Runtime's <c>SessionReleaseCapturedGraph</c> (since 1.27), which its C# library has in its table of
/// functions and does not call.</summary>
internal static unsafe class CapturedGraphs
{
    private const string TableType = "Microsoft.ML.OnnxRuntime.NativeMethods";
    private static readonly delegate* unmanaged<nint, int, nint> ReleaseGraph =
        (delegate* unmanaged<nint, int, nint>)Function("SessionReleaseCapturedGraph");

    private static readonly delegate* unmanaged<nint, void> ReleaseStatus =
        (delegate* unmanaged<nint, void>)Function("ReleaseStatus");

    /// <summary>False where this build of ONNX Runtime has no such function.</summary>
    public static bool IsKnown => ReleaseGraph != null && ReleaseStatus != null;

    /// <summary>Lets a session forget what it recorded under a number; false where its provider does not.</summary>
    public static bool TryRelease(InferenceSession session, int number)
    {
        if (!IsKnown)
        {
            return false;
        }

        var status = ReleaseGraph(Handle(session), number);
        if (status != 0)
        {
            ReleaseStatus(status);
        }

        return status == 0;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Handle")]
    private static extern nint Handle(InferenceSession session);

    private static nint Function(string name)
    {
        var table = typeof(InferenceSession).Assembly.GetType(TableType)
            ?.GetField("api_", BindingFlags.Static | BindingFlags.NonPublic)?.GetValue(null);
        return table?.GetType().GetField(name)?.GetValue(table) is nint address ? address : 0;
    }
}

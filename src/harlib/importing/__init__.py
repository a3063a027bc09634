"""Own recordings in place of the simulated ones: files in, the data set of the study out.

reading tells formats apart, resample and iq bring any of them to 64 x 64, recordings makes the data set, summary says
what is odd about it. Nothing is unpickled, and every size is known before memory is taken.
"""
